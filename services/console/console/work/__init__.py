"""Everybody's work in one place: mine, what I must sign, what is due where I may look."""
