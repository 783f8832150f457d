"""Errors that a command ends with: one line that says how to mend it, and an exit code.

CommandError (1)   it did not work
├── UsageError (2)       it was asked wrongly, or a setting is wrong
└── NotRunning (3)       what it needs is not there at the moment: start it, or try again later
"""


class CommandError(Exception):
    """A command ends with one line on standard error."""

    exit_code = 1


class UsageError(CommandError):
    """It was asked wrongly."""

    exit_code = 2


class NotRunning(CommandError):
    """Something it needs is not there at the moment."""

    exit_code = 3
