"""How people log in: passwords, codes, console sessions, providers of identity (decision 0015)."""
