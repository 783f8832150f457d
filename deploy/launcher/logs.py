"""Logs of the children: one file each, bounded by moving the text to `<file>.1` when it grows long."""

import os
import shutil
from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024


def bound_logs(folder: Path, max_bytes: int = MAX_BYTES) -> None:
    """Children append to their open file, so it is copied and cut, never renamed."""
    for path in folder.glob("*.log"):
        if path.stat().st_size > max_bytes:
            shutil.copyfile(path, path.with_name(path.name + ".1"))
            os.truncate(path, 0)
