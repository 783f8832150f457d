"""The topics of the FIWARE IoT Agents: `[/ul|/json]/{apikey}/{device}/attrs[/{attribute}]`."""

_ATTRS = "attrs"


def single_attribute(topic: str) -> str | None:
    """Return the attribute that a topic names at its end; None where the payload names its attributes."""
    head, _, last = topic.rpartition("/")
    return last if last and head.endswith(f"/{_ATTRS}") else None


def is_command_answer(topic: str) -> bool:
    """Say whether a device answers a command or asks for its configuration: it measures nothing there."""
    return topic.endswith(("/cmdexe", "/configuration/commands"))
