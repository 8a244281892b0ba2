"""The ledger: double entry, append-only; documents, what paid what, and how old what is open is (P02.4, P11.1)."""
