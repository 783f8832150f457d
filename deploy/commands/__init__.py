"""One module per command of the `machi` command line."""
