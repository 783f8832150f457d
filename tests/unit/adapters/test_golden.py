"""Every folder adapters/<name>/testcases/<case> is a test: input, or input.hex, to expected.json or .err."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from adapters.registry import get_adapter
from adapters.types import REASONS, DecodeError, Message, RawReading
from context_api.ngsild.time import format_datetime

_ROOT = Path(__file__).parents[3] / "adapters"
_CASES = sorted(_ROOT.glob("*/testcases/*"))


def _shown(reading: RawReading) -> dict[str, Any]:
    shown: dict[str, Any] = {"values": {}}
    if reading.device is not None:
        shown["device"] = reading.device
    if reading.observed_at is not None:
        shown["observedAt"] = format_datetime(reading.observed_at)
    for key, raw in reading.values.items():
        value = {"value": raw.value}
        if raw.unit_code is not None:
            value["unitCode"] = raw.unit_code
        if raw.observed_at is not None:
            value["observedAt"] = format_datetime(raw.observed_at)
        shown["values"][key] = value
    return shown


def _input(case: Path) -> bytes:
    """The payload as it is, or in hexadecimal where it is no text."""
    binary = case / "input.hex"
    return bytes.fromhex(binary.read_text()) if binary.exists() else (case / "input").read_bytes()


@pytest.mark.parametrize("case", _CASES, ids=[f"{case.parts[-3]}-{case.name}" for case in _CASES])
def test_testcase(case: Path) -> None:
    adapter = get_adapter(case.parts[-3])
    config = tomllib.loads((case / "config.toml").read_text())
    message = Message(config["topic"], _input(case), retain=config.get("retain", False))
    error = case / "expected.err"
    if error.exists():
        with pytest.raises(DecodeError) as caught:
            adapter.decode(message, None)
        assert caught.value.reason == error.read_text().strip()
        assert caught.value.reason in REASONS
    else:
        readings, state = adapter.decode(message, None)
        assert [_shown(reading) for reading in readings] == json.loads((case / "expected.json").read_text())
        assert state is None


def test_every_adapter_folder_is_complete() -> None:
    for folder in {case.parents[1] for case in _CASES}:
        assert (folder / "README.md").read_text().startswith(f"# {folder.name}\n")
        assert tomllib.loads((folder / "sample.toml").read_text())
        assert get_adapter(folder.name).name == folder.name
