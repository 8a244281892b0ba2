"""Whose complaint it is: found in the customer directory, at intake or later, in either order."""
