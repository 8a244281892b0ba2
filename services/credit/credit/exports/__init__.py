"""Lists to take away as CSV or XLSX: ledger, ageing, shipments; that they were taken is recorded (P02.4, P11.6)."""
