"""The rules of mosquitto's ACL and password files."""

import pytest

from deploy.embedded.access_files import (
    Action,
    is_allowed,
    is_password_right,
    is_topic_matched,
    parse_passwords,
    parse_rules,
)
from tests.support.brokers import PATTERNS, password_entry

RULES = parse_rules(PATTERNS + "user default/gw\ntopic write v3/town@default/devices/+/up\n")


@pytest.mark.parametrize(
    ("username", "action", "topic", "expected"),
    [
        ("default/aq-001", Action.WRITE, "machi/v1/default/aq-001/up", True),
        ("default/aq-001", Action.WRITE, "machi/v1/default/aq-001/state", True),
        ("default/aq-001", Action.READ, "machi/v1/default/aq-001/down", True),
        ("default/aq-001", Action.READ, "machi/v1/default/aq-001/up", False),
        ("default/aq-001", Action.WRITE, "machi/v1/default/aq-001/down", False),
        ("default/aq-001", Action.WRITE, "machi/v1/default/aq-002/up", False),
        ("default/aq-001", Action.WRITE, "machi/v1/other/aq-001/up", False),
        ("default/+", Action.WRITE, "machi/v1/default/aq-001/up", False),
        ("#", Action.WRITE, "machi/v1/default/aq-001/up", False),
        ("", Action.WRITE, "machi/v1//up", True),  # the broker refuses empty names before any rule
        ("machi-bridge", Action.READ, "machi/v1/default/aq-001/up", True),
        ("machi-bridge", Action.READ, "machi/v1/+/+/up", True),
        ("machi-bridge", Action.READ, "machi/v1/#", False),
        ("machi-bridge", Action.WRITE, "machi/v1/default/aq-001/up", False),
        ("default/gw", Action.WRITE, "v3/town@default/devices/lht65/up", True),
        ("default/gw", Action.WRITE, "v3/town@other/devices/lht65/up", False),
        ("default/aq-001", Action.WRITE, "v3/town@default/devices/lht65/up", False),
    ],
)
def test_rules(username: str, action: Action, topic: str, expected: bool) -> None:
    assert is_allowed(RULES, username, "client", action, topic) is expected


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("a/+", "a/#", False),
        ("a/b", "a/+", False),
        ("+/b", "+/b", True),
    ],
)
def test_topics(pattern: str, topic: str, expected: bool) -> None:
    assert is_topic_matched(pattern, topic) is expected


def test_a_deny_line_wins() -> None:
    rules = parse_rules("topic read a/#\ntopic deny a/secret\n")
    assert is_allowed(rules, "", "c", Action.READ, "a/open")
    assert not is_allowed(rules, "", "c", Action.READ, "a/secret")


def test_a_line_that_is_no_rule_is_named() -> None:
    with pytest.raises(ValueError, match="line 2 is no rule: nonsense"):
        parse_rules("topic read a\nnonsense\n")


def test_passwords() -> None:
    line = password_entry("default/aq-001", "secret")
    stored = parse_passwords(f"# generation 7\n{line}\n")["default/aq-001"]
    assert is_password_right(b"secret", stored)
    assert not is_password_right(b"Secret", stored)
    for broken in ("", "$6$abc$def", "$7$x$y$z", "$7$101$AAAA$!!!!", "$7$0$AAAA$AAAA"):
        assert not is_password_right(b"secret", broken)
