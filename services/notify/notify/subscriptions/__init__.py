"""Who outside the group is told of what, where, and under which secret."""
