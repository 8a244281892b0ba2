"""Branches: the profile each runs under, its departments, hours, complaint phone and mailbox (P04.2)."""
