"""Writes an export to a file that appears when it is complete, and says how far it is."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_BAR = 24
_LINES = ("csv", "json", "geojson")


@dataclass(frozen=True)
class Opened:
    """An export that has begun."""

    blocks: Iterator[bytes]
    about: dict[str, Any]
    """query, dataVersion, from, to, and what the town says about licence and attribution."""


@dataclass(frozen=True)
class Exported:
    """An export that is complete."""

    rows: int | None
    """Lines of data; None where the format does not show them."""
    bytes: int
    about: dict[str, Any]


Source = AbstractContextManager[Opened]


def write_file(source: Source, file: Path, show: Callable[[str], None]) -> Exported:
    """Write to a hidden file beside it, and rename that; whatever fails leaves nothing behind.

    Raises OSError, and what the source raises.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with source as opened, part.open("xb") as output:
            progress = _Measure(file.suffix.lower().lstrip("."), opened.about)
            for block in opened.blocks:
                output.write(block)
                progress.add(block)
                show(progress.text())
            output.flush()
            os.fsync(output.fileno())
            about = opened.about
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    if progress.form == "csv":
        _write_metadata(file, about)
    return Exported(progress.rows, progress.bytes, about)


class _Measure:
    """How far an export is: by the time of its newest line, since lines are in the order of time."""

    def __init__(self, form: str, about: dict[str, Any]) -> None:
        self.form = form
        self.bytes = 0
        self._line_ends = 0
        self._zone = ZoneInfo(about["timezone"])
        self._start, self._end = (self._moment(about[name]) for name in ("from", "to"))
        self._at = self._start
        self._began = time.monotonic()

    @property
    def rows(self) -> int | None:
        """Lines of data so far: a CSV has a header, and may have line ends inside of texts."""
        return max(0, self._line_ends - (self.form == "csv")) if self.form in _LINES else None

    def add(self, block: bytes) -> None:
        """Take note of a block."""
        self.bytes += len(block)
        if self.form in _LINES:
            self._line_ends += block.count(b"\r\n" if self.form == "csv" else b"\n")
            self._at = self._newest(block) or self._at

    def text(self) -> str:
        """Say how far it is in one line."""
        took = max(0.001, time.monotonic() - self._began)
        amount = f"{self.bytes / 1e6:,.1f} MB, {self.bytes / 1e6 / took:,.1f} MB/s"
        rows = self.rows
        if rows is None or self._start is None or self._end is None or self._at is None:
            return amount
        span = (self._end - self._start).total_seconds() or 1.0
        part = min(1.0, max(0.0, (self._at - self._start).total_seconds() / span))
        bar = "█" * round(part * _BAR)
        return f"{bar:░<{_BAR}} {part:4.0%}  {self._at:%Y-%m-%d}  {rows:,} lines, {amount}"

    def _newest(self, block: bytes) -> datetime | None:
        if self.form == "csv":
            text = block[:-2].rpartition(b"\r\n")[2][:40].partition(b",")[0]
        else:
            text = block.rpartition(b'"time":"')[2][:40].partition(b'"')[0]
        return self._moment(text.decode("ascii", "replace"))

    def _moment(self, text: str) -> datetime | None:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        return found if found.tzinfo is not None else found.replace(tzinfo=self._zone)


def _write_metadata(file: Path, about: dict[str, Any]) -> None:
    """Tell beside a CSV file what it is, as "CSV on the Web" has it (W3C, tabular metadata)."""
    members = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": file.name,
        "dc:source": about["query"],
        "dc:temporal": f"{about['from']}/{about['to']}",
        "dc:issued": about["dataVersion"],
        "dc:license": about.get("licenceUrl") or about.get("licence"),
        "dc:rights": about.get("licence"),
        "dc:publisher": about.get("attribution"),
    }
    known = {name: value for name, value in members.items() if value is not None}
    text = json.dumps(known, ensure_ascii=False, indent=2)
    file.with_name(f"{file.name}-metadata.json").write_text(f"{text}\n", encoding="utf-8")
