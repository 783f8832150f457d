"""SQL lives in `sql/<module>.sql` as named blocks; this module loads them once."""

import re
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)

Queries = MappingProxyType[str, bytes]
"""Block name -> SQL text, as bytes because that is what psycopg accepts as a query that is not a literal."""


def parse_queries(text: str) -> Queries:
    """Split a file at its `-- name: …` lines; before the first only comments may stand."""
    pieces = _NAME.split(text)
    if _without_comments(pieces[0]):
        raise ValueError("SQL before the first `-- name:` line")
    blocks: dict[str, bytes] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        sql = body.strip().rstrip(";")
        if name in blocks:
            raise ValueError(f"Block {name} occurs twice")
        if not _without_comments(sql):
            raise ValueError(f"Block {name} is empty")
        blocks[name] = sql.encode()
    return MappingProxyType(blocks)


@cache
def load_queries(module: str) -> Queries:
    """Read `sql/<module>.sql`."""
    return parse_queries(files(__package__).joinpath("sql", f"{module}.sql").read_text(encoding="utf-8"))


def _without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql).strip()
