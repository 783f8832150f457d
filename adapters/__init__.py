"""The outside world's formats: a message <-> readings. No I/O."""
