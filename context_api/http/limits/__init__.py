"""How much a caller may ask for, by token buckets that all processes share; and who used what."""
