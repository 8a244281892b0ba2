"""The first decision about a complaint: do reason and demand hold."""
