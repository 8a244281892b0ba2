"""A customer is forgotten: the books stay, the way from them to the customer is cut (P05.14)."""
