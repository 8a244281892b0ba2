"""Who is at the console, and the places they can choose from."""
