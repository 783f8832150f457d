"""Which PUBACK goes out for which message, whatever the connection does meanwhile."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broker_bridge.inflight import InFlight, Repeat
from broker_bridge.models import Incoming


def _take(
    in_flight: InFlight, packet_id: int, payload: bytes = b"1", *, is_dup: bool = False
) -> Incoming | Repeat:
    return in_flight.take(
        packet_id, "machi/v1/default/a/up", payload, is_dup=is_dup, is_retained=False, arrived_at=0
    )


def _message(in_flight: InFlight, packet_id: int, payload: bytes = b"1", *, is_dup: bool = False) -> Incoming:
    taken = _take(in_flight, packet_id, payload, is_dup=is_dup)
    assert isinstance(taken, Incoming)
    return taken


def _connected() -> InFlight:
    in_flight = InFlight()
    in_flight.begin_connection(session_present=False)
    return in_flight


def test_settled_messages_are_acknowledged_once_in_order() -> None:
    in_flight = _connected()
    messages = [_message(in_flight, packet_id) for packet_id in (3, 1, 2)]
    assert (in_flight.messages, in_flight.size) == (3, 3)
    assert in_flight.settle(messages) == [3, 1, 2]
    assert (in_flight.messages, in_flight.size) == (0, 0)


def test_qos_0_is_counted_and_never_acknowledged() -> None:
    in_flight = _connected()
    messages = [_message(in_flight, 0, b"12"), _message(in_flight, 0, b"34")]
    assert (in_flight.messages, in_flight.size) == (2, 4)
    assert in_flight.settle(messages) == []
    assert (in_flight.messages, in_flight.size) == (0, 0)


def test_redelivery_while_in_the_pipeline_is_taken_once_and_acknowledged_once() -> None:
    in_flight = _connected()
    message = _message(in_flight, 7)
    in_flight.end_connection()
    in_flight.begin_connection(session_present=True)
    assert _take(in_flight, 7, is_dup=True) is Repeat.IN_PIPELINE
    assert in_flight.messages == 1
    assert in_flight.settle([message]) == [7]
    assert in_flight.settle([]) == []


def test_commit_before_the_redelivery_is_acknowledged_with_the_redelivery() -> None:
    in_flight = _connected()
    message = _message(in_flight, 7)
    in_flight.end_connection()
    in_flight.begin_connection(session_present=True)
    assert in_flight.settle([message]) == []
    assert _take(in_flight, 7, is_dup=True) is Repeat.COMMITTED
    assert isinstance(_take(in_flight, 7, b"next"), Incoming)


def test_commit_while_disconnected_is_acknowledged_with_the_redelivery() -> None:
    in_flight = _connected()
    message = _message(in_flight, 7)
    in_flight.end_connection()
    assert in_flight.settle([message]) == []
    in_flight.begin_connection(session_present=True)
    assert _take(in_flight, 7, is_dup=True) is Repeat.COMMITTED


def test_late_commit_acknowledges_no_message_of_a_new_session() -> None:
    in_flight = _connected()
    old = _message(in_flight, 1, b"old")
    in_flight.end_connection()
    in_flight.begin_connection(session_present=False)
    new = _message(in_flight, 1, b"new")
    assert (old.session, new.session) == (1, 2)
    assert in_flight.settle([old]) == []
    assert in_flight.settle([new]) == [1]


def test_packet_id_used_for_another_message_is_taken_anew() -> None:
    """A broker that crashed may hand out an id again, with its session restored from a former snapshot."""
    in_flight = _connected()
    first = _message(in_flight, 1, b"first")
    in_flight.end_connection()
    in_flight.begin_connection(session_present=True)
    second = _message(in_flight, 1, b"second", is_dup=True)
    assert in_flight.settle([first]) == []
    assert in_flight.settle([second]) == [1]


def test_same_content_without_dup_is_another_message() -> None:
    in_flight = _connected()
    first = _message(in_flight, 1)
    second = _message(in_flight, 1)
    assert in_flight.settle([first, second]) == [1]


def test_sessions_are_counted_where_the_broker_began_them() -> None:
    in_flight = InFlight()
    in_flight.begin_connection(session_present=True)
    assert in_flight.session == 0
    in_flight.end_connection()
    in_flight.begin_connection(session_present=False)
    assert in_flight.session == 1


class BrokerAndBridge(RuleBasedStateMachine):
    """A model broker: nothing unacknowledged is forgotten, no PUBACK hits another message."""

    @initialize()
    def start(self) -> None:
        self.in_flight = InFlight()
        self.in_flight.begin_connection(session_present=False)
        self.is_connected = True
        self.serial = 0
        self.unacknowledged: dict[int, bytes] = {}
        self.undelivered: list[int] = []
        self.pipeline: list[Incoming] = []
        self.committed: set[bytes] = set()

    def _acknowledge(self, packet_id: int) -> None:
        assert self.is_connected
        assert packet_id not in self.undelivered, "acknowledged before it was delivered on this connection"
        assert self.unacknowledged.pop(packet_id) in self.committed

    @precondition(lambda self: self.is_connected)
    @rule(packet_id=st.integers(1, 4))
    def publish(self, packet_id: int) -> None:
        if packet_id in self.unacknowledged:
            return
        self.serial += 1
        self.unacknowledged[packet_id] = payload = b"%d" % self.serial
        self.pipeline.append(_message(self.in_flight, packet_id, payload))

    @precondition(lambda self: self.is_connected and self.undelivered)
    @rule()
    def redeliver(self) -> None:
        packet_id = self.undelivered.pop(0)
        taken = _take(self.in_flight, packet_id, self.unacknowledged[packet_id], is_dup=True)
        if isinstance(taken, Incoming):
            self.pipeline.append(taken)
        elif taken is Repeat.COMMITTED:
            self._acknowledge(packet_id)

    @precondition(lambda self: self.pipeline)
    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, len(self.pipeline)))
        done, self.pipeline = self.pipeline[:count], self.pipeline[count:]
        self.committed.update(message.payload for message in done)
        for packet_id in self.in_flight.settle(done):
            self._acknowledge(packet_id)

    @precondition(lambda self: self.is_connected)
    @rule()
    def lose_connection(self) -> None:
        self.in_flight.end_connection()
        self.is_connected = False

    @precondition(lambda self: not self.is_connected)
    @rule(session_present=st.booleans())
    def reconnect(self, session_present: bool) -> None:
        self.in_flight.begin_connection(session_present=session_present)
        self.is_connected = True
        if not session_present:
            self.unacknowledged.clear()
        self.undelivered = list(self.unacknowledged)

    @invariant()
    def what_is_unacknowledged_is_somewhere(self) -> None:
        if not self.is_connected:
            return
        held = {message.payload for message in self.pipeline}
        waiting = {self.unacknowledged[packet_id] for packet_id in self.undelivered}
        assert set(self.unacknowledged.values()) <= held | waiting
        assert self.in_flight.messages == len(self.pipeline)


TestBrokerAndBridge = BrokerAndBridge.TestCase


@given(st.lists(st.binary(max_size=20), max_size=30))
def test_what_is_held_is_bounded_by_what_is_not_settled(payloads: list[bytes]) -> None:
    in_flight = _connected()
    messages = [_message(in_flight, i + 1, payload) for i, payload in enumerate(payloads)]
    assert in_flight.size == sum(map(len, payloads))
    in_flight.settle(messages)
    assert (in_flight.messages, in_flight.size) == (0, 0)
