"""What can stop the bridge.

BridgeError
└── Stuck   not one message of a batch can be written, and the database is there: a fault of ours
"""


class BridgeError(Exception):
    """The bridge cannot go on."""


class Stuck(BridgeError):
    """Not one message of a batch could be written, though the database answers."""
