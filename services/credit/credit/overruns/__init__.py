"""Over the limit: who signs the first and the last shipment of an episode, and when the last is paid (P11.7–P11.9)."""
