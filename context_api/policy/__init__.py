"""Who may do what, as data and pure functions: roles, principals, grants, rights. No I/O (decision 0014)."""
