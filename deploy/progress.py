"""How far a long command is: one line that is written over on a terminal; else a line now and then."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

PLAIN_EVERY_S = 30.0
_TERMINAL_EVERY_S = 0.2


class Progress:
    """Call it as often as you like; the line is cleared at the end of the `with` block."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._next_at = 0.0
        self._phase = ""
        self._width = 0

    def __call__(self, phase: str, text: str) -> None:
        """Show a text; at once where the phase is new."""
        now = time.monotonic()
        if phase == self._phase and now < self._next_at:
            return
        self._phase = phase
        self._next_at = now + (_TERMINAL_EVERY_S if self._is_terminal else PLAIN_EVERY_S)
        if self._is_terminal:
            self._stream.write(f"\r{text:<{self._width}}")
            self._width = len(text)
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            self._stream.write(f"\r{'':<{self._width}}\r")
            self._stream.flush()
            self._width = 0
