"""Closes the connections of revoked credentials.

A broker closes a connection when another client comes with the same client id (MQTT 5, section 3.1.4). Where
devices come in, the client id is the user name (`use_username_as_clientid`); where our own processes come in
it is free. So the worker connects there under the revoked user name's client id, and leaves again. That works
whatever the broker does with its users: at a reload Mosquitto checks passwords again, but no certificates.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from context_api.store.device_credentials import Kick
from deploy.mqtt_dial import ACCEPTED, Caller, dialled, trusting
from devices.broker_address import BrokerAddress
from devices.credentials import Service

_log = logging.getLogger(__name__)


class Kicker:
    """Speaks with the broker where client ids are free, as a service that may read and write nothing."""

    def __init__(self, address: BrokerAddress, service: Service, ca_file: Path | None = None) -> None:
        self._address = address
        self._service = service
        self._ca_file = ca_file
        self._trouble = ""

    def kick(self, kicks: Sequence[Kick]) -> list[Kick]:
        """Close their connections, those that are open; returns those it did. A broker that is away: none."""
        context = trusting(self._ca_file) if self._address.tls else None
        done: list[Kick] = []
        for kick in kicks:
            caller = Caller(kick.username, self._service.username, self._service.password)
            try:
                with dialled(self._address, caller, context=context) as (_, answer):
                    if answer.code != ACCEPTED:
                        raise PermissionError(f"the broker refuses {self._service.username} ({answer.code})")
            except OSError as error:
                self._report(str(error))
                return done
            done.append(kick)
        self._report("")
        return done

    def _report(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            _log.warning("Connections not closed", extra={"action": "kick", "error": trouble})
        self._trouble = trouble
