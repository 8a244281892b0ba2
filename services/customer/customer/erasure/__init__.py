"""Erasure: a customer is forgotten everywhere, and a certificate says so."""
