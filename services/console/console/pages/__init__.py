"""The built web application, as browsers get it."""
