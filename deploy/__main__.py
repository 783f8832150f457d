"""`python -m deploy` is `machi`."""

from deploy.cli import main

main()
