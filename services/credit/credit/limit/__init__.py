"""The rolling limit: what the goods of the last thirty days allow today (P11.2, P11.3)."""
