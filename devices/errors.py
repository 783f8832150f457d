"""What can go wrong with a registration.

DeviceError
├── InvalidDevice    the draft breaks a rule; `field` names the member
├── DeviceExists     the id is taken by a device that is not retired
└── DeviceUnknown    no such device in this tenant
"""


class DeviceError(Exception):
    """A registry operation failed in a way that the caller is told about."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidDevice(DeviceError):
    """The draft cannot be registered; `field` is its member, in the JSON spelling."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class DeviceExists(DeviceError):
    """The id is taken."""


class DeviceUnknown(DeviceError):
    """No such device."""
