"""The whole system on one machine, from package registries alone: real Kafka, real PostgreSQL, every service."""
