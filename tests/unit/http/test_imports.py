"""What a worker does not hold in memory until it needs it."""

import subprocess
import sys


def test_the_application_is_made_without_pyproj() -> None:
    script = "import sys, context_api.http.server; print('pyproj' in sys.modules, 'shapely' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "True"]
