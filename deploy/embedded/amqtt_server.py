"""The process that serves amqtt: `python -m deploy.embedded.amqtt_server '{"bind": …}'`.

SIGHUP reads the password and ACL files again, SIGTERM ends it.
"""

import asyncio
import json
import logging
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from deploy.embedded.amqtt_plugins import AclPlugin, GuardedBroker, PasswordPlugin, access, guard_protocol

_PLUGINS: dict[str, dict[str, str]] = {
    f"{plugin.__module__}.{plugin.__name__}": {} for plugin in (PasswordPlugin, AclPlugin)
}


async def serve(options: dict[str, str]) -> None:
    """Serve on `bind` (host:port) until SIGTERM; with `password_file` and `acl_file`, to those they name."""
    if "password_file" in options:
        access.password_file = Path(options["password_file"])
        access.acl_file = Path(options["acl_file"])
    access.load()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for end in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(end, stop.set)
    broker = GuardedBroker({"listeners": _listeners(options), "plugins": dict(_PLUGINS)})
    guard_protocol(broker)

    def reload() -> None:
        access.load()
        broker.throw_out()

    loop.add_signal_handler(signal.SIGHUP, reload)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def _listeners(options: dict[str, str]) -> dict[str, dict[str, Any]]:
    most = int(options.get("max_connections", "0"))
    listeners: dict[str, dict[str, Any]] = {
        "default": {"type": "tcp", "bind": options["bind"], "max_connections": most}
    }
    if "tls_bind" in options:
        listeners["tls"] = {
            "type": "tcp",
            "bind": options["tls_bind"],
            "max_connections": most,
            "ssl": True,
            "certfile": options["certfile"],
            "keyfile": options["keyfile"],
        }
    return listeners


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(serve(json.loads(sys.argv[1])))
