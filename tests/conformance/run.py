"""`make conformance RUNNER=FILE SUITE=DIR`: Machi on free ports, the runner against it, then all stops.

Access is off, nothing is simulated, and a temporal answer holds 30 instances, which the suite assumes. What
follows `--` is handed to the runner: `-- --group 'ContextInformation/Provision/*' --out results`.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.town import Town

LOOPBACK = "127.0.0.0/8,::1/128"


def run(runner: Path, suite: Path, arguments: Sequence[str], folder: Path) -> int:
    """Run the suite once; the runner's exit status, which is 0 where nothing unexpected failed."""
    town = Town(
        folder,
        MACHI_AUTH="off",
        MACHI_SIMULATE="0",
        MACHI_TEMPORAL_PAGE_INSTANCES="30",
        MACHI_OUTBOUND_ALLOW=LOOPBACK,
    )
    try:
        took_s = town.start()
        sys.stdout.write(f"Machi answers at {town.url} after {took_s:.1f} s\n")
        sys.stdout.flush()
        command = [str(runner), "--suite", str(suite), "--url", f"{town.url}/ngsi-ld/v1", *arguments]
        return subprocess.run(command, check=False).returncode
    finally:
        town.close()


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runner", type=Path, required=True, help="program that runs the suite")
    parser.add_argument("--suite", type=Path, required=True, help="folder of the suite")
    parser.add_argument("arguments", nargs="*", help="handed to the runner")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="machi-conformance-") as folder:
        return run(options.runner.resolve(), options.suite.resolve(), options.arguments, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
