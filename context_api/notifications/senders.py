"""The senders of one process, by scheme."""

import contextlib
from collections.abc import AsyncIterator

from context_api.notifications.mqtt import MqttSender
from context_api.notifications.outbound import OutboundPolicy, open_client
from context_api.notifications.sender import Attempt, HttpSender, Message, Sender


class _ByScheme:
    def __init__(self, http: HttpSender, mqtt: MqttSender) -> None:
        self._http = http
        self._mqtt = mqtt

    async def send(self, message: Message, timeout_s: float) -> Attempt:
        sender: Sender = self._mqtt if message.url.lower().startswith("mqtt") else self._http
        return await sender.send(message, timeout_s)


@contextlib.asynccontextmanager
async def open_senders(policy: OutboundPolicy, *, user_agent: str) -> AsyncIterator[Sender]:
    """Send over HTTP and MQTT, to addresses that the policy permits."""
    client = open_client(policy, user_agent=user_agent)
    mqtt = MqttSender(policy)
    try:
        yield _ByScheme(HttpSender(client), mqtt)
    finally:
        await mqtt.aclose()
        await client.aclose()
