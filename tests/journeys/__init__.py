"""Journeys across services: real processes, real Kafka and PostgreSQL, read back from whoever received."""
