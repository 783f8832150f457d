"""What people often meet in forms has a code that stays the same; everything else has none."""

import msgspec
import pytest

from context_api.http import errors
from context_api.http.problem_codes import ProblemCode, code_of, mark
from context_api.ngsild.errors import AlreadyExists, BadRequestData
from context_api.store.account_changes import AccountExists
from context_api.store.errors import StoreUnavailable
from devices.errors import DeviceChanged, DeviceExists


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DeviceExists("x"), 409, "device-exists"),
        (DeviceChanged("x"), 412, "device-changed"),
        (StoreUnavailable(), 503, "database-away"),
        (mark(errors.Forbidden("x"), ProblemCode.NO_PERMISSION), 403, "no-permission"),
        (BadRequestData("x", pointer="/name"), 400, None),
        (ZeroDivisionError("x"), 500, None),
    ],
)
def test_the_code_is_a_member_of_the_problem(error: Exception, status: int, code: str | None) -> None:
    response = errors.problem_response(error, "/api/v1/devices")
    body = msgspec.json.decode(response.body)
    assert response.status_code == status
    assert body.get("code") == code
    assert ("code" in body) == (code is not None)


def test_an_error_has_the_code_of_what_it_stands_for() -> None:
    error = AlreadyExists("There is one")
    error.__cause__ = AccountExists("There is one", "name")
    assert code_of(error) is ProblemCode.ACCOUNT_EXISTS
    assert code_of(mark(error, ProblemCode.TENANT_EXISTS)) is ProblemCode.TENANT_EXISTS
    assert code_of(AlreadyExists("There is one")) is None
