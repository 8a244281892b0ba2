"""Two cases become one, one becomes two, or they are shown with each other."""
