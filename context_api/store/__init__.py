"""PostgreSQL/TimescaleDB: migrations, named SQL, the one write path, reads."""
