"""Erasure: what is kept of a customer who is forgotten is made unreadable."""
