"""Photos, recordings and letters of a case, sealed in the vault."""
