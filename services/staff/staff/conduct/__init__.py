"""The conduct ledger: what breaches cost whom, month by month."""
