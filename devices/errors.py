"""What can go wrong with a registration.

DeviceError
├── InvalidDevice    the draft breaks a rule; `field` names the member
├── DeviceExists     the id is taken by a device that is not retired
├── DeviceChanged    somebody else changed it meanwhile: read it again
├── DeviceUnknown    no such device in this tenant
├── CredentialUnknown   the device has no such valid secret or certificate
├── CredentialRefused   the device may have no (further) credentials; the detail says why
└── AuthorityUnusable   certificates cannot be signed here; the detail says how to mend it
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


class DeviceChanged(DeviceError):
    """The device is not what the caller thinks it is."""


class CredentialUnknown(DeviceError):
    """No such valid secret or certificate."""


class CredentialRefused(DeviceError):
    """No further credential for this device."""


class AuthorityUnusable(DeviceError):
    """The authority's certificate or key cannot be used."""
