"""Mosquitto's password and ACL files, read by us, so that another broker enforces the same rules. Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from devices.broker_rules import Action, is_topic_matched

__all__ = [
    "Action",
    "Rule",
    "is_allowed",
    "is_password_right",
    "is_topic_matched",
    "parse_passwords",
    "parse_rules",
]


@dataclass(frozen=True)
class Rule:
    """One line of the ACL file. `username` None: everybody, `%u` and `%c` standing for the client's own."""

    username: str | None
    actions: frozenset[Action]
    topic: str
    denies: bool = False


def is_password_right(password: bytes, stored: str) -> bool:
    """Whether a password belongs to a `$7$iterations$salt$hash` entry (PBKDF2 with SHA-512)."""
    try:
        _, kind, iterations, salt, expected = stored.split("$")
        if kind != "7":
            return False
        digest = base64.b64decode(expected, validate=True)
        found = hashlib.pbkdf2_hmac(
            "sha512", password, base64.b64decode(salt, validate=True), int(iterations), len(digest)
        )
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(found, digest)


def parse_passwords(text: str) -> dict[str, str]:
    """User name -> stored hash."""
    lines = (line.strip() for line in text.splitlines())
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


def parse_rules(text: str) -> list[Rule]:
    """The rules of an ACL file. ValueError names a line that is none."""
    rules: list[Rule] = []
    user: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 2 or words[0] not in ("user", "topic", "pattern"):
            raise ValueError(f"line {number} is no rule: {line}")
        if words[0] == "user":
            user = words[1].strip()
        else:
            rules.append(_rule(words[1].strip(), None if words[0] == "pattern" else user or ""))
    return rules


def _rule(text: str, username: str | None) -> Rule:
    """`[read|write|readwrite|deny] topic`; both directions when none is named. '' is the anonymous client."""
    word, _, rest = text.partition(" ")
    directions: Mapping[str, frozenset[Action]] = {
        "read": frozenset({Action.READ}),
        "write": frozenset({Action.WRITE}),
        "readwrite": frozenset(Action),
        "deny": frozenset(Action),
    }
    if rest and word in directions:
        return Rule(username, directions[word], rest.strip(), denies=word == "deny")
    return Rule(username, frozenset(Action), text)


def is_allowed(rules: list[Rule], username: str, client_id: str, action: Action, topic: str) -> bool:
    """Whether a client may publish to a topic, receive from it, or subscribe to it as a filter."""
    allowed = False
    for rule in rules:
        if rule.username not in (None, username) or action not in rule.actions:
            continue
        if _matches(rule, username, client_id, topic):
            if rule.denies:
                return False
            allowed = True
    return allowed


def _matches(rule: Rule, username: str, client_id: str, topic: str) -> bool:
    pattern = rule.topic
    if rule.username is None:
        # A name with a wildcard in it would open everybody's topics.
        if any(sign in name for sign in "+#" for name in (username, client_id)):
            return False
        pattern = pattern.replace("%u", username).replace("%c", client_id)
    return is_topic_matched(pattern, topic)
