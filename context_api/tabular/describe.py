"""What an answer says about itself, as pairs of words for people and as a document for programs."""

from typing import Any

from context_api.tabular.labels import about_label
from context_api.tabular.model import About
from context_api.tabular.times import offset_text


def describe(about: About) -> list[tuple[str, str]]:
    """Give name and value of each thing there is to say, in the language of the answer."""
    values = {
        "query": about.query,
        "dataVersion": about.data_version,
        "corrections": str(about.corrections),
        "source": about.source,
        "period": f"{offset_text(about.start, about.zone)} – {offset_text(about.end, about.zone)}",
        "timezone": str(about.zone),
        "licence": " ".join(part for part in (about.licence, about.licence_url) if part) or None,
        "attribution": about.attribution,
    }
    return [(about_label(key, about.language), value) for key, value in values.items() if value is not None]


def to_document(about: About) -> dict[str, Any]:
    """Give the same for JSON."""
    document: dict[str, Any] = {
        "query": about.query,
        "dataVersion": about.data_version,
        "corrections": about.corrections,
        "from": offset_text(about.start, about.zone),
        "to": offset_text(about.end, about.zone),
        "timezone": str(about.zone),
    }
    if about.source is not None:
        document["source"] = about.source
    if about.licence is not None or about.licence_url is not None:
        document["licence"] = {
            key: value
            for key, value in (("name", about.licence), ("url", about.licence_url))
            if value is not None
        }
    if about.attribution is not None:
        document["attribution"] = about.attribution
    return document
