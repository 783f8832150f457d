"""One table: which error has which status, and how it is written (RFC 9457; NGSI-LD clause 5.5)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

import msgspec
from starlette.responses import Response

from context_api.http.problem_codes import code_of
from context_api.ngsild import errors as ngsild
from context_api.policy.errors import NotGranted
from context_api.store.errors import StoreConflict, StoreRefused, StoreUnavailable
from devices.bulk.errors import ImportConflict, ImportUnknown, TooManyImports, UnreadableFile
from devices.errors import (
    AuthorityUnusable,
    CredentialRefused,
    CredentialUnknown,
    DeviceChanged,
    DeviceError,
    DeviceExists,
    DeviceUnknown,
    InvalidDevice,
)

DETAIL_MAX = 900
NGSILD_PREFIX = "/ngsi-ld/"

_STATUS: dict[type[Exception], int] = {
    ngsild.InvalidRequest: 400,
    ngsild.BadRequestData: 400,
    ngsild.AlreadyExists: 409,
    ngsild.OperationNotSupported: 422,
    ngsild.ResourceNotFound: 404,
    ngsild.NonexistentTenant: 404,
    ngsild.LdContextNotAvailable: 504,
    ngsild.TooComplexQuery: 403,
    ngsild.TooManyResults: 403,
    ngsild.Conflict: 409,
    ngsild.InternalError: 500,
    NotGranted: 403,
}


class HttpError(Exception):
    """A fault of the protocol rather than of NGSI-LD; its class names the status.

    HttpError
    ├── Unauthorized          401
    ├── Forbidden             403
    ├── NoSuchRoute           404
    ├── MethodNotAllowed      405
    ├── NotAcceptable         406
    ├── RequestTimeout        408
    ├── LengthRequired        411
    ├── PreconditionFailed    412
    ├── BodyTooLarge          413
    ├── UnsupportedMediaType  415
    ├── TooManyRequests       429, with Retry-After
    └── Unavailable           503, with Retry-After
    """

    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})


class Unauthorized(HttpError):
    """No key, or one that opens nothing."""

    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="machi"'})


class Forbidden(HttpError):
    """The credentials are right, and open something else."""

    status = 403


class TooManyRequests(HttpError):
    """More than this caller may send; what came before was taken."""

    status = 429

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class NoSuchRoute(HttpError):
    """The path names nothing."""

    status = 404


class MethodNotAllowed(HttpError):
    """The resource does not know this method."""

    status = 405


class NotAcceptable(HttpError):
    """No representation that we have is acceptable."""

    status = 406


class RequestTimeout(HttpError):
    """The body did not arrive in time."""

    status = 408


class LengthRequired(HttpError):
    """A body is due and its length is not given."""

    status = 411


class PreconditionFailed(HttpError):
    """The resource is not what the request is meant for."""

    status = 412


class BodyTooLarge(HttpError):
    """The body is above the limit."""

    status = 413


class UnsupportedMediaType(HttpError):
    """The body is not of a type that we read."""

    status = 415


class Unavailable(HttpError):
    """Full or waiting for the database: the same request may succeed soon."""

    status = 503

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A problem document. `type`, `title`, `status` and `detail` are always there."""

    type: str
    title: str
    status: int
    detail: str
    pointer: str | None = None
    """JSON pointer to what was wrong in the document that was sent."""
    code: str | None = None
    """Which of the well known troubles it is (problem_codes)."""


def _translate(error: Exception) -> Exception:
    """Give the error of the interface that stands for one of the store or of the registry (its cause)."""
    given = _interface_error(error)
    if given is not error:
        given.__cause__ = error
    return given


def _interface_error(error: Exception) -> Exception:
    if isinstance(error, StoreUnavailable | StoreConflict):
        return Unavailable("The database cannot be used at the moment")
    if isinstance(error, StoreRefused):
        return ngsild.BadRequestData("A value of the request cannot be stored")
    return _translate_device(error) if isinstance(error, DeviceError) else error


def _translate_device(error: DeviceError) -> Exception:
    if isinstance(error, InvalidDevice):
        return ngsild.BadRequestData(error.detail, pointer=f"/{error.field}" if error.field else "")
    if isinstance(error, TooManyImports):
        return Unavailable(error.detail, retry_after_s=30)
    if isinstance(error, DeviceChanged):
        return PreconditionFailed(error.detail)
    return _DEVICE_ERRORS.get(type(error), ngsild.InternalError)(error.detail)


_DEVICE_ERRORS: dict[type[DeviceError], type[ngsild.NgsiLdError]] = {
    UnreadableFile: ngsild.BadRequestData,
    ImportUnknown: ngsild.ResourceNotFound,
    ImportConflict: ngsild.Conflict,
    DeviceExists: ngsild.AlreadyExists,
    DeviceUnknown: ngsild.ResourceNotFound,
    CredentialUnknown: ngsild.ResourceNotFound,
    CredentialRefused: ngsild.Conflict,
    AuthorityUnusable: ngsild.Conflict,
}


def status_of(error: Exception) -> int:
    """Give the HTTP status of an error, by its class or the nearest base class in the table."""
    if isinstance(error, HttpError):
        return error.status
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return 500


def problem_of(error: Exception) -> Problem:
    """Describe an error for the caller; what is not meant for callers becomes a plain InternalError."""
    status = status_of(error)
    if isinstance(error, ngsild.NgsiLdError):
        detail = _cut(str(error))
        return Problem(
            type=error.type_uri,
            title=error.title,
            status=status,
            detail=detail,
            pointer=error.pointer,
            code=code_of(error),
        )
    if isinstance(error, HttpError):
        return Problem(
            type="about:blank",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=error.detail,
            code=code_of(error),
        )
    fault = ngsild.InternalError("The request failed for a reason that is not its own; it was logged")
    return Problem(type=fault.type_uri, title=fault.title, status=status, detail=fault.detail)


def _cut(text: str) -> str:
    """Cut what may hold a part of the request to a length that somebody reads."""
    return text if len(text) <= DETAIL_MAX else f"{text[: DETAIL_MAX - 3]}..."


def problem_response(error: Exception, path: str) -> Response:
    """Write an error as the interface of `path` does: application/json for NGSI-LD, else problem+json."""
    error = _translate(error)
    if isinstance(error, LengthRequired) and path.startswith(NGSILD_PREFIX):
        return Response(status_code=error.status)  # "without any payload body" (clause 6.3.4)
    problem = problem_of(error)
    media_type = "application/json" if path.startswith(NGSILD_PREFIX) else "application/problem+json"
    headers = error.headers if isinstance(error, HttpError) else None
    return Response(
        msgspec.json.encode(problem), status_code=problem.status, media_type=media_type, headers=headers
    )
