"""The senders of one process, by scheme."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from context_api.ngsild.alert import ALARM_SCHEME
from context_api.notifications.alarms import AlarmSender
from context_api.notifications.mail import MAILTO, MailSender, MailServer
from context_api.notifications.mqtt import MqttSender
from context_api.notifications.outbound import OutboundPolicy, open_client
from context_api.notifications.sender import Attempt, HttpSender, Message, Sender
from context_api.store.alarms import Alarms


class _ByScheme:
    def __init__(self, http: HttpSender, others: Mapping[str, Sender]) -> None:
        self._http = http
        self._others = others

    async def send(self, message: Message, timeout_s: float) -> Attempt:
        scheme = message.url.partition(":")[0].lower() + ":"
        sender: Sender = self._others.get(scheme, self._http)
        return await sender.send(message, timeout_s)


@contextlib.asynccontextmanager
async def open_senders(
    policy: OutboundPolicy,
    *,
    user_agent: str,
    mail_server: MailServer | None = None,
    alarms: Alarms | None = None,
) -> AsyncIterator[Sender]:
    """Send over HTTP and MQTT, to addresses that the policy permits, and by mail; feed the alarm rules."""
    client = open_client(policy, user_agent=user_agent)
    mqtt = MqttSender(policy)
    others: dict[str, Sender] = {"mqtt:": mqtt, "mqtts:": mqtt, MAILTO: MailSender(mail_server)}
    if alarms is not None:
        others[ALARM_SCHEME] = AlarmSender(alarms)
    try:
        yield _ByScheme(HttpSender(client), others)
    finally:
        await mqtt.aclose()
        await client.aclose()
