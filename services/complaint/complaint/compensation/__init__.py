"""Compensation: offered, approved by the authority matrix or the sales-handling rules, then paid."""
