"""The error types of clause 5.5.2."""

import pytest

from context_api.ngsild import errors


@pytest.mark.parametrize(
    "name",
    [
        *("InvalidRequest", "BadRequestData", "AlreadyExists", "OperationNotSupported", "ResourceNotFound"),
        *("NonexistentTenant", "LdContextNotAvailable", "TooComplexQuery", "TooManyResults", "Conflict"),
        "InternalError",
    ],
)
def test_every_error_names_its_type(name: str) -> None:
    error = getattr(errors, name)("something is wrong", pointer="/a")
    assert isinstance(error, errors.NgsiLdError)
    assert error.type_uri == f"https://uri.etsi.org/ngsi-ld/errors/{name}"
    assert error.title
    assert error.title != error.detail == "something is wrong"
    assert str(error) == "something is wrong (at /a)"


def test_the_whole_document_needs_no_pointer() -> None:
    assert str(errors.BadRequestData("it is empty", pointer="")) == "it is empty"
