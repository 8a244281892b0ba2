"""Money that is lost or late: found, verified, approved, and borne by who answers for it (P11.10–P11.15)."""
