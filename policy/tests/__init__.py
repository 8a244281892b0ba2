"""A package, so that pytest does not take the folder `policy` above it for the library of that name."""
