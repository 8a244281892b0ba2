"""Collection plans: what a customer promises to pay, by when, and whether it was kept (P11.4, P11.9, P11.14)."""
