"""Who somebody is, as pure rules: passwords, one-time codes, claims of tokens, waiting after failures.

No I/O (decision 0015); the shell is `context_api.http.login`.
"""
