"""Access rules inside amqtt, and two of its ways mended."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from amqtt.broker import Broker
from amqtt.contexts import Action as AmqttAction
from amqtt.contexts import BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from deploy.embedded.access_files import (
    Action,
    Rule,
    is_allowed,
    is_password_right,
    parse_passwords,
    parse_rules,
)

_OPEN = [Rule(None, frozenset(Action), "#")]


@dataclass
class Access:
    """Who may do what, as the two files said last."""

    password_file: Path | None = None
    acl_file: Path | None = None
    passwords: dict[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=lambda: _OPEN)

    def load(self) -> None:
        """Read both files. Without them the broker is open to anybody."""
        if self.password_file is not None and self.acl_file is not None:
            self.passwords = parse_passwords(self.password_file.read_text())
            self.rules = parse_rules(self.acl_file.read_text())

    def knows(self, session: Session) -> bool:
        """Whether the client showed the password of its user name."""
        if self.password_file is None:
            return True
        stored = self.passwords.get(session.username or "")
        return stored is not None and is_password_right((session.password or "").encode(), stored)

    def allows(self, session: Session, action: Action, topic: str) -> bool:
        return is_allowed(self.rules, session.username or "", session.client_id or "", action, topic)


access = Access()
"""Of this process's one broker. amqtt makes plugins by itself, from their names: hence a variable."""


class PasswordPlugin(BaseAuthPlugin):  # type: ignore[misc]
    """Asks the password file."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)

    async def authenticate(self, *, session: Session) -> bool:
        return access.knows(session)


class AclPlugin(BaseTopicPlugin):  # type: ignore[misc]
    """Asks the ACL file."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: AmqttAction | None = None
    ) -> bool:
        if session is None or not topic:
            return False
        wanted = Action.WRITE if action == AmqttAction.PUBLISH else Action.READ
        return access.allows(session, wanted, topic)


class GuardedBroker(Broker):  # type: ignore[misc]
    """amqtt with two private methods replaced; a new version of it must pass our tests.

    What amqtt kept for a session that was away it sends with the retain flag, as if it were old news; and at
    connect it sends every session the retained messages of everybody's subscriptions.
    """

    async def _publish_session_retained_messages(self, session: Session) -> None:
        handler = self._get_handler(session)
        while handler and not session.retained_messages.empty():
            kept = session.retained_messages.get_nowait()
            task = asyncio.ensure_future(handler.mqtt_publish(kept.topic, kept.data, kept.qos, retain=False))
            self._tasks_queue.append(task)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        topic_filter, qos = subscription
        subscribed = any(
            own.client_id == session.client_id for own, _ in self._subscriptions.get(topic_filter, ())
        )
        handler = self._get_handler(session)
        if handler is None or not subscribed:
            return
        for topic, kept in list(self._retained_messages.items()):
            if self._matches(topic, topic_filter) and access.allows(session, Action.READ, topic):
                own_qos = min(qos, kept.qos or 0)
                task = asyncio.ensure_future(handler.mqtt_publish(topic, kept.data, own_qos, retain=True))
                self._tasks_queue.append(task)
