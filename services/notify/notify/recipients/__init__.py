"""Who is there to be told, and how each of them is reached."""
