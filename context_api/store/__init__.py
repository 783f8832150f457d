"""The store: PostgreSQL (with TimescaleDB where there is one), the one write path and the reads."""
