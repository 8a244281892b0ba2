"""Tells outside parties what they have subscribed to, by signed webhooks."""
