"""What can go wrong with an embedded server.

EmbeddedError
    BinaryMissing      the program is not installed
    PortTaken          somebody else listens there
    NotStarted         it ended, or was not ready in time
    NotPermitted       the folder cannot be used by the account that must use it
"""


class EmbeddedError(Exception):
    """An embedded server cannot do its work; the message says how to mend it."""


class BinaryMissing(EmbeddedError):
    """The program is not installed."""


class PortTaken(EmbeddedError):
    """Somebody else listens on the port."""


class NotStarted(EmbeddedError):
    """The server ended, or was not ready in time."""


class NotPermitted(EmbeddedError):
    """The folder cannot be used by the account that must use it."""
