"""What is looked at before anything is started, so that nothing is left half done."""

import shutil
from pathlib import Path

from deploy.embedded.ports import is_free
from deploy.errors import CommandError
from deploy.settings import Settings

SPACE_NEEDED = 512 * 1024 * 1024


def check_space(folder: Path, needed: int = SPACE_NEEDED) -> None:
    """CommandError when the disk of the folder is nearly full: a database on it would stop in mid-write."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CommandError(
            f"Only {free // 1024**2} MB are free where {folder} is; Machi needs {needed // 1024**2} MB to "
            "start. Free some, or choose another disk with MACHI_DATA_DIR."
        )


def check_ports(settings: Settings) -> None:
    """CommandError naming the port that is in use and the setting that changes it."""
    wanted = [("HTTP", "MACHI_HTTP_PORT", settings.http_host, settings.http_port)]
    if settings.mqtt_url is None:
        wanted.append(("MQTT", "MACHI_MQTT_PORT", settings.mqtt_host, settings.mqtt_port))
    for what, variable, host, port in wanted:
        if not is_free(port, host):
            raise CommandError(
                f"Port {port} on {host} ({what}) is in use by another program. "
                f"Stop it, or choose another port: {variable}={port + 1} make run"
            )
