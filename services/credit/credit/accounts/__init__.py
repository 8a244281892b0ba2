"""Credit accounts: who has one, whether they are eligible, what their facts are worth (P11.1)."""
