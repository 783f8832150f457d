"""Progress of long commands: quiet in logs, alive on a terminal."""

import io
import time

import pytest

from deploy.progress import PLAIN_EVERY_S, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_file_phases_are_lines_and_the_rest_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    out = io.StringIO()
    with Progress(out) as show:
        show("reading", "reading")
        show("playing", "1 message")
        show("playing", "2 messages")
        now += PLAIN_EVERY_S
        show("playing", "3 messages")
    assert out.getvalue() == "reading\n1 message\n3 messages\n"


def test_on_a_terminal_one_line_is_written_over_and_cleared() -> None:
    out = Terminal()
    with Progress(out) as show:
        show("reading", "reading the file")
        show("playing", "1 message")
    assert out.getvalue() == "\rreading the file\r1 message       \r         \r"
