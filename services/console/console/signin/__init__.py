"""Signing in at the group's OpenID provider, and out again."""
