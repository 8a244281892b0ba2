"""Providing: what may be given to outsiders, under whose signatures, and what was given."""
