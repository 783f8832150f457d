"""A JSON Schema that a town adds to a profile: checked against the attributes of each reading, as keyValues.

The validator is jsonschema-rs: compiled once, microseconds per reading, patterns in linear time, and nothing
is fetched. What a schema requires is not asked of a reading, which carries only what has changed.
"""

import json
from typing import Any

_MAX_BYTES = 32_768
_MAX_DEPTH = 24


class SchemaError(ValueError):
    """A schema that cannot be used."""


class JsonSchema:
    """A compiled schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Compile. Raises SchemaError."""
        text = json.dumps(schema)
        if len(text) > _MAX_BYTES:
            raise SchemaError(f"the schema has {len(text)} bytes; at most {_MAX_BYTES} are read")
        _check_references(schema, 0)
        import jsonschema_rs  # few profiles have a schema

        try:
            self._validator = jsonschema_rs.validator_for(
                {name: value for name, value in schema.items() if name != "required"},
                pattern_options=jsonschema_rs.RegexOptions(),
                offline=True,
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise SchemaError(f"this is no JSON Schema that can be used: {error!s:.200}") from error

    def fault(self, values: dict[str, Any]) -> tuple[str, str] | None:
        """Return the attribute that breaks the schema and how; None if none does."""
        if self._validator.is_valid(values):
            return None
        error = next(self._validator.iter_errors(values))
        path = error.instance_path
        return (str(path[0]) if path else "", f"breaks the schema: {error.message:.200}")


def _check_references(schema: Any, depth: int) -> None:
    """References within the schema only, and no depth that a stack would feel."""
    if depth > _MAX_DEPTH:
        raise SchemaError(f"the schema is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(schema, dict):
        for name in ("$ref", "$dynamicRef", "$recursiveRef"):
            target = schema.get(name)
            if isinstance(target, str) and not target.startswith("#"):
                raise SchemaError(f"{name} {target!r:.80} leads out of the schema; write it under $defs")
        for value in schema.values():
            _check_references(value, depth + 1)
    elif isinstance(schema, list):
        for value in schema:
            _check_references(value, depth + 1)
