"""Guided fuzzing with atheris: python -m tests.fuzz [SECONDS] [options of libFuzzer] (`make fuzz`)

The first two bytes of an input choose the target; what is found is written as crash-… into the folder.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["adapters", "devices"]):
    from tests.fuzz.targets import Target, targets

SECONDS = "120"
_SEEDS = (
    b'{"observedAt":"2026-11-23T09:00:00Z","a":{"value":1,"unitCode":"CEL"}}',
    b'{"uplink_message":{"frm_payload":"AXVkA2cQAQ==","f_port":85,"received_at":"2026-11-23T09:00:00Z"}}',
    b'[{"bn":"d:","bt":1795392000,"n":"t","u":"Cel","v":1}]',
    b"\x81\xa3\x00\x61t\x01\x63Cel\x02\xf9\x3e\x00",
    b"2026-11-23T09:00:00Z|t|15|k|abc#h|3",
)


def main() -> None:
    """Run until the time is over; the exit code is not 0 where something was found."""
    found = targets()
    with tempfile.TemporaryDirectory() as corpus:
        _plant(Path(corpus), len(found))
        _fuzz(found, corpus)


def _fuzz(found: Sequence[tuple[str, Target]], corpus: str) -> None:
    def run(data: bytes) -> None:
        if len(data) >= 2:
            found[int.from_bytes(data[:2], "big") % len(found)][1](data[2:])

    seconds, *options = sys.argv[1:] or [SECONDS]
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048", *options]
    atheris.Setup([sys.argv[0], *options, corpus], run)
    atheris.Fuzz()


def _plant(corpus: Path, count: int) -> None:
    """A beginning of each kind for each target."""
    for number in range(count):
        for kind, seed in enumerate(_SEEDS):
            (corpus / f"{number}-{kind}").write_bytes(number.to_bytes(2, "big") + b"\0" + seed)


if __name__ == "__main__":
    main()
