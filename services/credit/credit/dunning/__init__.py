"""Dunning letters (催款函): made from frozen figures by level, signed by sales, handed over, never one twice (P02.4)."""
