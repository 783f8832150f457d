"""Log lines hold what happened, and no secrets that were at hand when it did."""

import io
import json
import logging
import sys

import pytest

from deploy.logging import configure_logging


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_traceback_shows_no_values(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        configure_logging("info", "json" if style == "json" else "text")
        _fail("Bearer the-key")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    text = written.getvalue()
    assert "it went wrong" in text
    assert "ZeroDivisionError" in text
    assert "the-key" not in text
    if style == "json":
        assert json.loads(text)["exception"][0]["exc_type"] == "ZeroDivisionError"


def _fail(authorization: str) -> None:
    held = {"authorization": authorization}
    try:
        _ = len(held) / 0
    except ZeroDivisionError:
        logging.getLogger("test").exception("it went wrong")
