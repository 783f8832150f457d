"""What EMQX is answered is what Mosquitto's ACL file says."""

from hypothesis import given
from hypothesis import strategies as st

from context_api.store.device_credentials import BrokerUsers, Speaker
from context_api.store.devices import DeviceKind
from deploy.embedded import access_files
from devices.broker_files import acl_file_content
from devices.broker_rules import Action, is_allowed, is_topic_matched, read_rules, rules_of
from devices.credentials import split_username, username_of

DEVICE = Speaker("default", "aq-001", DeviceKind.DEVICE, "native", None)
GATEWAY = Speaker("default", "gate", DeviceKind.GATEWAY, "ultralight", "key")
_FILE = access_files.parse_rules(
    acl_file_content(
        BrokerUsers(1, [], [("default/gate", "ultralight", "key"), ("default/gate~2", "ultralight", "key")]),
        [],
    )
)
_LEVELS = st.sampled_from(
    [
        "machi",
        "v1",
        "default",
        "aq-001",
        "gate",
        "up",
        "ack",
        "state",
        "down",
        "ul",
        "key",
        "x",
        "attrs",
        "",
        "+",
        "#",
    ]
)
_TOPICS = st.lists(_LEVELS, min_size=1, max_size=7).map("/".join)
_LOGINS = st.sampled_from(
    [
        (DEVICE, "default/aq-001"),
        (DEVICE, "v1/default/aq-001"),
        (GATEWAY, "default/gate"),
        (GATEWAY, "default/gate~2"),
    ]
)


@given(_LOGINS, st.sampled_from(list(Action)), _TOPICS)
def test_both_brokers_decide_alike(login: tuple[Speaker, str], action: Action, topic: str) -> None:
    speaker, username = login
    if action is Action.WRITE and ("+" in topic or "#" in topic):
        assert not is_allowed(rules_of(speaker), action, topic)  # no topic at all: MQTT forbids it
        return
    by_file = access_files.is_allowed(_FILE, username, username, action, topic)
    asked = is_allowed(rules_of(speaker), action, topic)
    own = topic.startswith("machi/v1/default/") or topic.startswith(("ul/", "/ul/"))
    assert asked <= by_file
    if own or not by_file:
        assert asked == by_file, "beyond its own topics a pattern may match what nobody listens to"


def test_names_lead_back_to_their_device() -> None:
    for number in (1, 2):
        assert split_username(username_of("t", "d", number)) == ("t", "d")
        assert split_username(username_of("t", "g", number, is_gateway=True)) == ("t", "g")
    assert username_of("v1", "d") != username_of("d", "x", 2)
    for name in ("machi-bridge", "", "a/b/c", "/", "a/", "/b", "v1/a/", "v2/a/b"):
        assert split_username(name) is None, name


def test_filters() -> None:
    for pattern, topic, expected in (
        ("a/+/c", "a/b/c", True),
        ("a/#", "a", True),  # the parent level too (MQTT 5, section 4.7.1.2)
        ("a/#", "a/b/c", True),
        ("#", "a", True),
        ("#", "$SYS/a", False),
        ("+/a", "$SYS/a", False),
        ("a/+", "a/#", False),
        ("a/+", "a/+", True),
        ("a/b", "a/+", False),
    ):
        assert is_topic_matched(pattern, topic) is expected, (pattern, topic)


def test_a_services_rules_are_read() -> None:
    rules = read_rules(["read machi/v1/+/+/up", "write a/b"])
    assert is_allowed(rules, Action.READ, "machi/v1/+/+/up")
    assert is_allowed(rules, Action.READ, "$share/machi/machi/v1/+/+/up")
    assert not is_allowed(rules, Action.READ, "$share/machi")
    assert is_allowed(rules, Action.WRITE, "a/b") and not is_allowed(rules, Action.READ, "a/b")
