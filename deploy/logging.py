"""Log lines of all processes: events with fields, as JSON, or as key=value on a terminal; standard error."""

import logging
import sys
from typing import Literal

import structlog

_TRACEBACKS = structlog.processors.ExceptionRenderer(
    # Without local variables: they hold keys, passwords and what people sent
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_QUIET = ("httpx", "httpcore", "uvicorn.access", "psycopg.pool", "asyncio", "transitions")


def configure_logging(
    level: str = "info", style: Literal["auto", "json", "text"] = "auto", **fields: str
) -> None:
    """Send the records of the standard library and of structlog the same way, each with `fields`."""

    def add_fields(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        return {**fields, **event}

    before: list[structlog.typing.Processor] = [
        add_fields,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(style)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _renderers(style: str) -> list[structlog.typing.Processor]:
    if style == "text" or (style == "auto" and sys.stderr.isatty()):
        return [
            structlog.processors.ExceptionRenderer(),
            structlog.processors.KeyValueRenderer(key_order=["at", "level", "event"], drop_missing=True),
        ]
    return [_TRACEBACKS, structlog.processors.JSONRenderer(ensure_ascii=False)]
