"""Dunning letters (催款函): from frozen figures, by level, signed by sales, handed over, none twice (P02.4)."""
