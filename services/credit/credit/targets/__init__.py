"""Sales targets of areas, broken down to salespeople, and how far they have come (P02.1)."""
