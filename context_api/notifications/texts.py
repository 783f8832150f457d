"""Notifications for people: a template filled in, for mails and Slack-compatible webhooks. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from context_api.ngsild.subscription_model import Endpoint
from context_api.ngsild.template import parse_template

MAX_TEXT_CHARS = 16_000
DEFAULT_TEMPLATE = "{{ type }} {{ id }}"
SLACK_STYLE = "slack"
_MAX_SUBJECT_CHARS = 200


class Text(NamedTuple):
    """What is sent in the place of a notification's JSON."""

    body: bytes
    content_type: str
    subject: str


def write_text(endpoint: Endpoint, notification: Mapping[str, Any]) -> Text | None:
    """Write a notification for people; None where the endpoint takes JSON. Raises BadRequestData."""
    if not (endpoint.is_mail or endpoint.template is not None or endpoint.style == SLACK_STYLE):
        return None
    entities = list(_entities(notification))
    template = parse_template(endpoint.template or DEFAULT_TEMPLATE, "")
    text = "\n".join(template.render(entity) for entity in entities)[:MAX_TEXT_CHARS]
    heading = parse_template(endpoint.subject or DEFAULT_TEMPLATE, "")
    subject = " ".join(heading.render(entities[0]).split())[:_MAX_SUBJECT_CHARS] if entities else ""
    if endpoint.style == SLACK_STYLE:
        return Text(orjson.dumps({"text": _escape_slack(text)}), "application/json", subject)
    return Text(text.encode(), "text/plain; charset=utf-8", subject)


def _entities(notification: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    data = notification.get("data")
    if isinstance(data, Mapping):
        for feature in data.get("features", ()):
            yield {"id": feature.get("id"), **feature.get("properties", {})}
    else:
        yield from data or ()


def _escape_slack(text: str) -> str:
    """Keep what a sensor wrote from becoming a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
