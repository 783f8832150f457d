"""The errors of NGSI-LD (clause 5.5.2), as one tree.

NgsiLdError
├── InvalidRequest         the request itself is malformed (not JSON, an unknown parameter, …)
├── BadRequestData         the request is well formed, its data is not
├── AlreadyExists          an entity, a subscription, … of that id exists
├── OperationNotSupported  this broker does not do that
├── ResourceNotFound       no entity, attribute, subscription, … of that name
├── NonexistentTenant      the tenant was never created
├── LdContextNotAvailable  a remote @context cannot be had
├── TooComplexQuery        the query would cost too much
├── TooManyResults         the answer would be too large
├── Conflict               the operation contradicts a registration
└── InternalError          a fault of ours

Which HTTP status each has is the business of `context_api.http.errors`.
"""

from typing import ClassVar

MAX_POINTER = 500
"""Characters of a pointer that are of use to somebody; a longer one is left out."""


class NgsiLdError(Exception):
    """An operation failed in a way that the caller is told about.

    `detail` says what was wrong and what would be right; `pointer` says where, as a JSON pointer (RFC 6901)
    into the document that was sent.
    """

    type_name: ClassVar[str] = "InternalError"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = None if pointer is not None and len(pointer) > MAX_POINTER else pointer

    def __str__(self) -> str:
        return f"{self.detail} (at {self.pointer})" if self.pointer else self.detail

    @property
    def type_uri(self) -> str:
        """The `type` member of a problem document."""
        return f"https://uri.etsi.org/ngsi-ld/errors/{self.type_name}"


class InvalidRequest(NgsiLdError):
    """The request is not what the operation takes."""

    type_name = "InvalidRequest"
    title = "The request is invalid"


class BadRequestData(NgsiLdError):
    """The request's data breaks a rule of NGSI-LD."""

    type_name = "BadRequestData"
    title = "The request's data is invalid"


class AlreadyExists(NgsiLdError):
    """What was to be created exists."""

    type_name = "AlreadyExists"
    title = "It exists already"


class OperationNotSupported(NgsiLdError):
    """The operation, or a part of it, is not served by this broker."""

    type_name = "OperationNotSupported"
    title = "The operation is not supported"


class ResourceNotFound(NgsiLdError):
    """What was named does not exist."""

    type_name = "ResourceNotFound"
    title = "It was not found"


class NonexistentTenant(NgsiLdError):
    """The tenant does not exist."""

    type_name = "NonexistentTenant"
    title = "The tenant does not exist"


class LdContextNotAvailable(NgsiLdError):
    """A remote @context could not be had."""

    type_name = "LdContextNotAvailable"
    title = "A JSON-LD @context is not available"


class TooComplexQuery(NgsiLdError):
    """The query is above a limit of this broker."""

    type_name = "TooComplexQuery"
    title = "The query is too complex"


class TooManyResults(NgsiLdError):
    """The answer is above a limit of this broker."""

    type_name = "TooManyResults"
    title = "There are too many results"


class Conflict(NgsiLdError):
    """The operation contradicts what is registered."""

    type_name = "Conflict"
    title = "The operation is in conflict with a registration"

    def __init__(
        self, detail: str, *, pointer: str | None = None, registration_id: str | None = None
    ) -> None:
        super().__init__(detail, pointer=pointer)
        self.registration_id = registration_id


class InternalError(NgsiLdError):
    """A fault of this broker."""
