"""All benchmarks in one run, and one report of them.

    python -m benchmarks.report [--runs 5] [--part ingestion …] [--json FILE] [--markdown FILE]

Needs mosquitto and wrk. Everything runs on this machine, on loopback, with servers of its own that end with
it. Each part runs `--runs` times and the run in the middle is given, by its ratio to the limit of the same
run. `--quick` runs everything small, once: for whether it runs and its counts balance, not for its figures.
`benchmarks/README.md` tells how to read the result.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.figures import Figure, medians, to_markdown
from benchmarks.machine import Calibration, Machine, calibrate, describe
from benchmarks.parts import FULL, PARTS, QUICK, Size, title

Results = Mapping[str, Sequence[Figure]]


def run(size: Size, names: Sequence[str], runs: int) -> tuple[dict[str, list[Figure]], list[Calibration]]:
    """Run the parts; what the benchmarks print themselves goes to standard error."""
    results: dict[str, list[Figure]] = {}
    calibrations = [calibrate()]
    for name in names:
        measured = []
        for number in range(runs):
            began = time.monotonic()
            with redirect_stdout(sys.stderr):
                measured.append(PARTS[name](size))
            print(f"{name}, run {number + 1} of {runs}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        results[name] = medians(measured)
        calibrations.append(calibrate())
    return results, calibrations


def write_markdown(machine: Machine, calibrations: Sequence[Calibration], results: Results, runs: int) -> str:
    """Write the report as people read it."""
    lines = ["# Benchmarks of Machi", "", *_machine_lines(machine, calibrations)]
    lines += ["", f"Each figure is that of the middle one of {runs} run(s).", ""]
    for name, figures in results.items():
        heading = title(name) if name in PARTS else name
        lines += [f"## {heading}", "", to_markdown(figures), ""]
    return "\n".join(lines)


def _machine_lines(machine: Machine, calibrations: Sequence[Calibration]) -> list[str]:
    lines = [f"- {name.replace('_', ' ')}: {value}" for name, value in machine._asdict().items()]
    for name in Calibration._fields:
        values = sorted(getattr(each, name) for each in calibrations)
        lines.append(f"- {name.replace('_', ' ')}: {values[0]:,} to {values[-1]:,} during the run")
    return lines


def to_document(
    machine: Machine, calibrations: Sequence[Calibration], results: Results, runs: int
) -> dict[str, Any]:
    """Give the report as programs read it."""
    return {
        "machine": machine._asdict(),
        "calibrations": [each._asdict() for each in calibrations],
        "runs": runs,
        "parts": {
            name: [asdict(one) | {"ratio": one.ratio} for one in part] for name, part in results.items()
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the options, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="everything small, once")
    parser.add_argument("--part", choices=sorted(PARTS), action="append", help="only this (may be repeated)")
    parser.add_argument("--peers", action="store_true", help="the peers that are found, on the same load")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args(arguments)
    size, runs = (QUICK, 1) if options.quick else (FULL, max(1, options.runs))
    machine = describe()
    results, calibrations = run(size, options.part or list(PARTS), runs)
    if options.peers:
        results |= peers.measure(size)
    text = write_markdown(machine, calibrations, results, runs)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        document = to_document(machine, calibrations, results, runs)
        options.json.write_text(json.dumps(document, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
