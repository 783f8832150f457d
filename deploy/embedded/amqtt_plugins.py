"""Access rules inside amqtt, and some of its ways mended."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import amqtt.broker
from amqtt.adapters import StreamReaderAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action as AmqttAction
from amqtt.contexts import BaseContext
from amqtt.errors import MQTTError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
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

MAX_PACKET_BYTES = 1_048_576
_LEAVING_S = 0.02
_LEAVING_TURNS = 100
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

    def may_leave_will(self, session: Session) -> bool:
        """Whether the client may publish where its will is to go."""
        return not session.will_flag or self.allows(session, Action.WRITE, session.will_topic or "")

    @property
    def is_on(self) -> bool:
        """Whether anybody is asked anything."""
        return self.password_file is not None

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


class GuardedHandler(BrokerProtocolHandler):  # type: ignore[misc]
    """Looks at CONNECT before the broker does.

    amqtt deletes, or takes over, the session of a client id before it asks for the password. Here nobody
    comes so far without one; and a device's client id is its user name, so that it takes nobody's session,
    and has one connection. Our own processes, whose names have no slash, keep the ids they choose.
    """

    broker: ClassVar["GuardedBroker | None"] = None

    @classmethod
    async def init_from_connect(
        cls, reader: Any, writer: Any, plugins_manager: Any, loop: Any = None
    ) -> tuple[BrokerProtocolHandler, Session]:
        handler, session = await super().init_from_connect(reader, writer, plugins_manager, loop)
        if access.is_on:
            if not (access.knows(session) and access.may_leave_will(session)):
                await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
                raise MQTTError("refused")  # the broker closes the connection
            if "/" in (session.username or ""):
                session.client_id = session.username
            if cls.broker is not None:
                await cls.broker.leave_to(session.client_id or "")
        return handler, session


class BoundedReader(StreamReaderAdapter):  # type: ignore[misc]
    """Ends a connection that announces more than a packet may have."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._is_over = False

    async def read(self, n: int = -1) -> bytes:
        self._is_over = self._is_over or n >= MAX_PACKET_BYTES
        if self._is_over:
            raise ConnectionResetError("the packet is too large")
        read: bytes = await super().read(n)
        return read


def guard_protocol(broker: "GuardedBroker") -> None:
    """Have amqtt use our handler and reader; it offers no other way than their names."""
    GuardedHandler.broker = broker
    amqtt.broker.BrokerProtocolHandler = GuardedHandler
    amqtt.broker.StreamReaderAdapter = BoundedReader


class GuardedBroker(Broker):  # type: ignore[misc]
    """amqtt with some private methods replaced; a new version of it must pass our tests.

    What amqtt kept for a session that was away it sends with the retain flag, as if it were old news; and at
    connect it sends every session the retained messages of everybody's subscriptions.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._leaving: set[asyncio.Future[None]] = set()

    def throw_out(self) -> None:
        """Close the connections of those whose password is no longer right."""
        for session, handler in list(self._sessions.values()):
            if session.transitions.is_connected() and not access.knows(session):
                session.will_flag = False  # it has no say any more
                task = asyncio.ensure_future(handler.handle_connection_closed())
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)

    async def leave_to(self, client_id: str) -> None:
        """Close the connection of a client id, for another: amqtt leaves it open beside a clean session."""
        session, handler = self._sessions.get(client_id, (None, None))
        if session is None or handler is None or not session.transitions.is_connected():
            return
        await handler.handle_connection_closed()
        for _ in range(_LEAVING_TURNS):
            if not session.transitions.is_connected():
                return
            await asyncio.sleep(_LEAVING_S)

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
