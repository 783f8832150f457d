"""The guides' example of checking a signature does what it says."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from context_api.notifications.signing import sign
from tests.docs.tables import DOCS


@pytest.fixture(params=["en", "ja"])
def is_from_machi(request: pytest.FixtureRequest) -> Callable[[str, bytes, str], bool]:
    """The function as the guide shows it."""
    text = (DOCS / request.param / "deliveries.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own guide
    found: Callable[[str, bytes, str], bool] = names["is_from_machi"]
    return found


def test_it_takes_what_we_sign_and_nothing_else(is_from_machi: Callable[[str, bytes, str], bool]) -> None:
    body, now = '{"名": 1}'.encode(), int(time.time())
    header = sign(["new-secret", "old-secret"], body, now)
    assert is_from_machi(header, body, "new-secret")
    assert is_from_machi(header, body, "old-secret")
    assert not is_from_machi(header, body, "other")
    assert not is_from_machi(header, body + b" ", "new-secret")
    assert not is_from_machi(sign(["new-secret"], body, now - 3_600), body, "new-secret")
