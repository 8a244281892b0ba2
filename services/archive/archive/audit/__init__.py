"""The audit log: an append-only tree of access records, signed, provable from outside (RFC 9162)."""
