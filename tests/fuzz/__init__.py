"""Fuzzing of every decoder: `make fuzz`. The bounded part of it runs with the tests (tests/unit/adapters)."""
