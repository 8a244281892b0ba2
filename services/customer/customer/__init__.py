"""Customers of the group: their files, the directory of keyed tokens, and who they are on a screen."""
