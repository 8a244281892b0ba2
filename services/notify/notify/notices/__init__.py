"""Tells people: one notice a person, over channel after channel, to one after the other until it has arrived."""
