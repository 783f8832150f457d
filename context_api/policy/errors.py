"""What is refused for want of a grant."""

from context_api.ngsild.errors import NgsiLdError


class NotGranted(NgsiLdError):
    """The change goes beyond what was granted."""

    title = "It is not granted"

    @property
    def type_uri(self) -> str:
        """The `type` member of a problem document: NGSI-LD has none for this."""
        return "about:blank"
