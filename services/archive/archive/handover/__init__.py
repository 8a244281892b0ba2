"""Hand-over: what other services give into the archive, taken over whole, with a receipt."""
