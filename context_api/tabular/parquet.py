"""Apache Parquet, written while the rows arrive: one row group per 100,000 rows, the footer at the end.

A writer for flat tables of times, numbers and text needs one encoding of each kind: PLAIN for times and
numbers, a dictionary for text (an entity's name stands in every row), definition levels for what may be
absent, gzip around it. That is what is here, made with numpy and zlib; libraries that do it weigh 55 MB
(pyarrow) or bring pandas (fastparquet). The tests read it back with pyarrow. Format: parquet.apache.org,
parquet-format 2.10.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from context_api.tabular import thrift
from context_api.tabular.describe import to_document
from context_api.tabular.model import About, Cells, Column, ColumnKind

ROWS_PER_GROUP = 100_000
_MAGIC = b"PAR1"
_INT64, _DOUBLE, _BYTE_ARRAY = 2, 5, 6
_PLAIN, _RLE, _RLE_DICTIONARY = 0, 3, 8
_GZIP = 2
_OPTIONAL = 1
_REQUIRED = 0
_UTF8, _TIMESTAMP_MICROS = 0, 10
_EXACT_INTEGER = 2**53


class _Leaf(NamedTuple):
    """One column of the file.

    A column of any kind of value becomes two: its numbers, and the rest as text.
    """

    name: str
    source: int
    kind: str
    is_rest: bool = False
    """The text of what is no number."""
    has_rest: bool = False
    """There is such a column beside it."""

    @property
    def physical(self) -> int:
        return {ColumnKind.TIME: _INT64, ColumnKind.NUMBER: _DOUBLE}.get(self.kind, _BYTE_ARRAY)

    @property
    def is_required(self) -> bool:
        return self.kind == ColumnKind.TIME


class _Chunk(NamedTuple):
    """Where a column of a row group lies."""

    leaf: _Leaf
    values: int
    dictionary_offset: int | None
    data_offset: int
    plain_size: int
    packed_size: int


class ParquetEncoder:
    """Keeps one row group in memory."""

    def __init__(
        self, columns: Sequence[Column], about: About, *, rows_per_group: int = ROWS_PER_GROUP
    ) -> None:
        self._leaves = _leaves(columns)
        self._about = about
        self._rows_per_group = rows_per_group
        self._rows: list[Cells] = []
        self._groups: list[tuple[int, list[_Chunk]]] = []
        self._offset = len(_MAGIC)

    def begin(self) -> bytes:
        """Give the mark at the beginning."""
        return _MAGIC

    def write(self, rows: Iterable[Cells]) -> bytes:
        """Gather rows; gives each row group that is full."""
        pieces = []
        for row in rows:
            self._rows.append(row)
            if len(self._rows) >= self._rows_per_group:
                pieces.append(self._group())
        return b"".join(pieces)

    def end(self) -> bytes:
        """Give the last row group and the footer."""
        last = self._group() if self._rows else b""
        footer = self._footer()
        return last + footer + len(footer).to_bytes(4, "little") + _MAGIC

    def _group(self) -> bytes:
        rows, self._rows = self._rows, []
        pieces: list[bytes] = []
        chunks: list[_Chunk] = []
        for leaf in self._leaves:
            cells = [row[leaf.source] for row in rows]
            data, chunk = _write_chunk(leaf, cells, self._offset)
            pieces.append(data)
            chunks.append(chunk)
            self._offset += len(data)
        self._groups.append((len(rows), chunks))
        return b"".join(pieces)

    def _footer(self) -> bytes:
        schema = [
            thrift.struct((4, thrift.binary("schema")), (5, thrift.i32(len(self._leaves)))),
            *map(_schema_element, self._leaves),
        ]
        about = msgspec.json.encode(to_document(self._about)).decode()
        pairs = [("machi", about)]
        return thrift.struct(
            (1, thrift.i32(2)),
            (2, thrift.list_of(thrift.STRUCT, schema)),
            (3, thrift.i64(sum(count for count, _ in self._groups))),
            (4, thrift.list_of(thrift.STRUCT, [_row_group(count, chunks) for count, chunks in self._groups])),
            (
                5,
                thrift.list_of(
                    thrift.STRUCT,
                    [
                        thrift.struct((1, thrift.binary(key)), (2, thrift.binary(value)))
                        for key, value in pairs
                    ],
                ),
            ),
            (6, thrift.binary("machi")),
        ).data


def _leaves(columns: Sequence[Column]) -> list[_Leaf]:
    leaves: list[_Leaf] = []
    for source, column in enumerate(columns):
        if column.kind == ColumnKind.ANY:
            leaves.append(_Leaf(column.key, source, ColumnKind.NUMBER, has_rest=True))
            leaves.append(_Leaf(f"{column.key}Text", source, ColumnKind.TEXT, is_rest=True))
        else:
            leaves.append(_Leaf(column.key, source, column.kind))
    return leaves


def _write_chunk(leaf: _Leaf, cells: list[Any], offset: int) -> tuple[bytes, _Chunk]:
    """Write a column of a row group: a dictionary page for text, then one data page."""
    values = [_value(leaf, cell) for cell in cells]
    present = [value for value in values if value is not None]
    dictionary = b""
    sizes = [0, 0]
    if leaf.physical == _BYTE_ARRAY:
        names = {value: number for number, value in enumerate(dict.fromkeys(present))}
        texts = [name.encode() for name in names]
        plain = b"".join([len(text).to_bytes(4, "little") + text for text in texts])
        dictionary = _page(2, plain, (7, _dictionary_header(len(names))), sizes)
        body = _dictionary_indices([names[value] for value in present], len(names))
        encoding = _RLE_DICTIONARY
    else:
        body = np.asarray(present, dtype="<i8" if leaf.physical == _INT64 else "<f8").tobytes()
        encoding = _PLAIN
    if not leaf.is_required:
        levels = _packed(np.asarray([value is not None for value in values], dtype=np.uint8)[:, None])
        body = len(levels).to_bytes(4, "little") + levels + body
    data = _page(0, body, (5, _data_header(len(values), encoding)), sizes)
    chunk = _Chunk(
        leaf,
        len(values),
        offset if dictionary else None,
        offset + len(dictionary),
        sizes[0],
        sizes[1],
    )
    return dictionary + data, chunk


def _value(leaf: _Leaf, cell: Any) -> Any:
    if cell is None or leaf.kind == ColumnKind.TIME:
        return cell
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    is_exact = is_number and (isinstance(cell, float) or -_EXACT_INTEGER <= cell <= _EXACT_INTEGER)
    if leaf.kind == ColumnKind.NUMBER:
        return float(cell) if is_exact or (is_number and not leaf.has_rest) else None
    if leaf.is_rest and is_exact:
        return None
    return cell if isinstance(cell, str) else msgspec.json.encode(cell).decode()


def _dictionary_indices(indices: list[int], size: int) -> bytes:
    """Write positions in the dictionary: their width, then all of them bit-packed."""
    width = max(1, (size - 1).bit_length())
    numbers = np.asarray(indices, dtype="<u4")
    bits = ((numbers[:, None] >> np.arange(width, dtype=np.uint32)) & 1).astype(np.uint8)
    return bytes([width]) + _packed(bits)


def _packed(bits: "np.ndarray[Any, np.dtype[np.uint8]]") -> bytes:
    """Write one bit-packed run: rows are values, columns their bits, the lowest first."""
    count, width = bits.shape
    groups = -(-count // 8)
    padded = np.zeros((groups * 8, width), dtype=np.uint8)
    padded[:count] = bits
    return thrift.varint(groups << 1 | 1) + np.packbits(padded.reshape(-1), bitorder="little").tobytes()


def _page(kind: int, body: bytes, header: tuple[int, thrift.Value], sizes: list[int]) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = packer.compress(body) + packer.flush()
    head = thrift.struct(
        (1, thrift.i32(kind)), (2, thrift.i32(len(body))), (3, thrift.i32(len(packed))), header
    ).data
    sizes[0] += len(head) + len(body)
    sizes[1] += len(head) + len(packed)
    return head + packed


def _data_header(count: int, encoding: int) -> thrift.Value:
    return thrift.struct(
        (1, thrift.i32(count)), (2, thrift.i32(encoding)), (3, thrift.i32(_RLE)), (4, thrift.i32(_RLE))
    )


def _dictionary_header(count: int) -> thrift.Value:
    return thrift.struct((1, thrift.i32(count)), (2, thrift.i32(_PLAIN)))


def _schema_element(leaf: _Leaf) -> thrift.Value:
    fields = [
        (1, thrift.i32(leaf.physical)),
        (3, thrift.i32(_REQUIRED if leaf.is_required else _OPTIONAL)),
        (4, thrift.binary(leaf.name)),
    ]
    if leaf.kind == ColumnKind.TIME:
        micros = thrift.struct((2, thrift.struct()))
        timestamp = thrift.struct((1, thrift.TRUE), (2, micros))
        fields += [(6, thrift.i32(_TIMESTAMP_MICROS)), (10, thrift.struct((8, timestamp)))]
    elif leaf.physical == _BYTE_ARRAY:
        fields += [(6, thrift.i32(_UTF8)), (10, thrift.struct((1, thrift.struct())))]
    return thrift.struct(*fields)


def _row_group(count: int, chunks: Sequence[_Chunk]) -> thrift.Value:
    return thrift.struct(
        (1, thrift.list_of(thrift.STRUCT, [_column_chunk(chunk) for chunk in chunks])),
        (2, thrift.i64(sum(chunk.plain_size for chunk in chunks))),
        (3, thrift.i64(count)),
    )


def _column_chunk(chunk: _Chunk) -> thrift.Value:
    leaf = chunk.leaf
    encodings = [_PLAIN, _RLE, _RLE_DICTIONARY] if leaf.physical == _BYTE_ARRAY else [_PLAIN, _RLE]
    fields = [
        (1, thrift.i32(leaf.physical)),
        (2, thrift.list_of(thrift.I32, [thrift.i32(each) for each in encodings])),
        (3, thrift.list_of(thrift.BINARY, [thrift.binary(leaf.name)])),
        (4, thrift.i32(_GZIP)),
        (5, thrift.i64(chunk.values)),
        (6, thrift.i64(chunk.plain_size)),
        (7, thrift.i64(chunk.packed_size)),
        (9, thrift.i64(chunk.data_offset)),
    ]
    if chunk.dictionary_offset is not None:
        fields.append((11, thrift.i64(chunk.dictionary_offset)))
    start = chunk.data_offset if chunk.dictionary_offset is None else chunk.dictionary_offset
    return thrift.struct((2, thrift.i64(start)), (3, thrift.struct(*fields)))
