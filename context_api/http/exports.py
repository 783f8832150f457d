"""One export: what a request selects, read by the store, written by a format, block by block.

Everything here is synchronous: the API runs it in threads of its own, `machi export --direct` in its own
process.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from context_api.http.history_request import HistoryRequest
from context_api.http.selection import select_series
from context_api.ngsild.errors import BadRequestData, TooComplexQuery
from context_api.ngsild.model import Micros
from context_api.ngsild.query.periods import MAX_BUCKETS, bucket_edges
from context_api.ngsild.time import format_datetime
from context_api.store.tabular import HistoryReader, LineTemplate, Place, SeriesFound, Value
from context_api.store.tabular_buckets import Bucket, read_buckets
from context_api.store.tabular_seen import Asker, open_reader
from context_api.tabular.csv import CsvEncoder, cell_text
from context_api.tabular.json import GeoJsonEncoder, JsonEncoder
from context_api.tabular.labels import (
    Language,
    attribute_label,
    unit_sign,
    unit_signs,
)
from context_api.tabular.layout import LongBuckets, LongRaw, WideBuckets, WideRaw
from context_api.tabular.model import About, BucketRow, Encoder, RawRow, SeriesLabel
from context_api.tabular.parquet import ParquetEncoder
from context_api.tabular.safety import csv_field
from context_api.tabular.times import local_time
from context_api.tabular.xlsx import XlsxEncoder

MAX_CELLS = 50_000_000
"""Buckets times series of one answer."""
MAX_WIDE_COLUMNS = 2_000
BLOCK_BYTES = 512 * 1024
_LINES_PER_WRITE = 500


@dataclass(frozen=True)
class Terms:
    """On which terms the town gives its data; None: it does not say."""

    licence: str | None = None
    licence_url: str | None = None
    attribution: str | None = None


class _Chosen(NamedTuple):
    """What a request came to."""

    series: list[SeriesFound]
    """In the order of the answer: by entity, attribute and dataset."""
    labels: list[SeriesLabel]
    places: dict[str, Place]
    start: Micros
    end: Micros
    as_of: Micros
    edges: list[Micros] | None


class Export:
    """An answer that is ready to be written; `close` it in any case.

    `cancel` may come from another thread.
    """

    def __init__(
        self, url: str, tenant_id: int, request: HistoryRequest, terms: Terms, asker: Asker | None = None
    ) -> None:
        """Find what is selected and what `asker` sees of it; None: somebody who sees everything."""
        self.request = request
        self._terms = terms
        self._reader = open_reader(url, tenant_id, str(request.zone), asker)
        self._sources: list[str] = []
        self.rows = 0
        """Rows so far."""
        try:
            self._chosen = _choose(self._reader, request)
            self.about = self._describe()
            self._blocks = self._prepare()
        except BaseException:
            self.close()
            raise

    def cancel(self) -> None:
        """Stop what the database does for it."""
        self._reader.cancel()

    def close(self) -> None:
        """End the snapshot."""
        self._reader.close()

    @property
    def file_name(self) -> str:
        """A name for the file, in the language of the answer."""
        return _file_name(self.request, self._chosen)

    @property
    def source(self) -> str | None:
        """What the aggregates came from, as far as they have been read."""
        return ", ".join(self._sources) or None

    def blocks(self) -> Iterator[bytes]:
        """Give the answer. Raises StoreUnavailable, StoreTimeout (also when it was cancelled)."""
        return self._blocks

    def _note_source(self, source: str) -> None:
        if source not in self._sources:
            self._sources.append(source)

    def _describe(self) -> About:
        chosen, request = self._chosen, self.request
        return About(
            query=request.canonical(chosen.start, chosen.end, chosen.as_of),
            data_version=format_datetime(chosen.as_of),
            start=chosen.start,
            end=chosen.end,
            zone=request.zone,
            language=request.language,
            corrections=self._reader.count_corrections(chosen.series, chosen.start, chosen.end, chosen.as_of),
            licence=self._terms.licence,
            licence_url=self._terms.licence_url,
            attribution=self._terms.attribution,
        )

    def _prepare(self) -> Iterator[bytes]:
        """Choose the way; reads the first part of aggregates, whose source the head of the answer names."""
        chosen, request = self._chosen, self.request
        if chosen.edges is not None:
            return self._bucket_blocks(chosen.edges)
        if request.format == "csv" and not request.is_wide:
            return _joined(self._copied_csv())
        values = self._reader.read_values(chosen.series, chosen.start, chosen.end, request.as_of)
        layout = (WideRaw if request.is_wide else LongRaw)(chosen.labels, request.language)
        lines = chain(
            chain.from_iterable(layout.lines(map(_raw_row, part)) for part in values), _later(layout.flush)
        )
        return _joined(_written(self._encoder(layout, self.about), self._counted(lines)))

    def _bucket_blocks(self, edges: Sequence[Micros]) -> Iterator[bytes]:
        chosen, request = self._chosen, self.request
        parts = read_buckets(
            self._reader.connection,
            chosen.series,
            edges,
            chosen.start,
            chosen.end,
            request.as_of,
            self._note_source,
        )
        first = next(parts, [])
        layout = (WideBuckets if request.is_wide else LongBuckets)(
            chosen.labels, request.methods, request.language
        )
        rows = (_bucket_row(row, request.methods) for part in chain([first], parts) for row in part)
        lines = chain(layout.lines(rows), _later(layout.flush))
        self.about = _with_source(self.about, self.source)
        return _joined(_written(self._encoder(layout, self.about), self._counted(lines)))

    def _counted(self, lines: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        for line in lines:
            self.rows += 1
            yield line

    def _encoder(self, layout: "LongRaw | WideRaw | LongBuckets | WideBuckets", about: About) -> Encoder:
        request, columns = self.request, layout.columns
        if request.format == "xlsx":
            return XlsxEncoder(columns, about)
        if request.format == "parquet":
            return ParquetEncoder(columns, about)
        if request.format == "geojson":
            geometries = {name: place.location for name, place in self._chosen.places.items()}
            return GeoJsonEncoder(columns, about, geometries)
        if request.format == "json":
            return JsonEncoder(columns, about)
        return CsvEncoder(
            columns,
            about,
            has_bom=request.has_bom,
            is_local=request.has_local_times,
            has_comments=request.has_comments,
        )

    def _copied_csv(self) -> Iterator[bytes]:
        """CSV of recorded values, which PostgreSQL writes."""
        chosen, request = self._chosen, self.request
        layout = LongRaw(chosen.labels, request.language)
        yield self._encoder(layout, self.about).begin()
        templates = [
            LineTemplate(",".join(map(cell_text, head)), csv_field(unit_sign(one.unit_code)))
            for head, one in zip(layout.heads, chosen.labels, strict=True)
        ]
        for block in self._reader.copy_csv(
            chosen.series,
            templates,
            chosen.start,
            chosen.end,
            as_of=request.as_of,
            is_local=request.has_local_times,
            units=dict(unit_signs()),
            zone=str(request.zone),
        ):
            self.rows += block.count(b"\n")
            yield block


def _later(flush: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    """Ask for what is left only when everything else has been given."""
    yield from flush()


def _with_source(about: About, source: str | None) -> About:
    import msgspec

    return msgspec.structs.replace(about, source=source)


def _written(encoder: Encoder, lines: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Let an encoder write lines, some thousands at a time."""
    yield encoder.begin()
    some: list[Sequence[Any]] = []
    for line in lines:
        some.append(line)
        if len(some) >= _LINES_PER_WRITE:
            yield encoder.write(some)
            some = []
    yield encoder.write(some)
    yield encoder.end()


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give blocks of at least BLOCK_BYTES but for the last one."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BLOCK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


def _raw_row(value: Value) -> RawRow:
    return RawRow(*value)


def _bucket_row(row: Bucket, methods: Sequence[str]) -> BucketRow:
    return BucketRow(row.time, row.series, tuple([row.values[method] for method in methods]), row.unit_code)


# What a request selects


def _choose(reader: HistoryReader, request: HistoryRequest) -> _Chosen:
    """Find the series, the window and the buckets.

    Raises ResourceNotFound, BadRequestData, TooComplexQuery.
    """
    if request.as_of is not None and request.as_of > reader.now:
        raise BadRequestData("asOf lies in the future: nobody knows yet what will be recorded until then")
    series, labels, places = select_series(reader, request)
    start, end = _window(request, series, reader.now)
    chosen = _Chosen(
        series,
        labels,
        places,
        start,
        end,
        reader.now if request.as_of is None else request.as_of,
        _edges(request, series, start, end),
    )
    if (
        request.is_wide
        and len({(one.attribute, one.dataset_id, one.unit_code) for one in chosen.labels}) > MAX_WIDE_COLUMNS
    ):
        raise TooComplexQuery(
            f"The table would have more than {MAX_WIDE_COLUMNS:,} columns: choose attributes"
        )
    return chosen


def _window(request: HistoryRequest, series: Sequence[SeriesFound], now: Micros) -> tuple[Micros, Micros]:
    """Give the window asked for; an end that is left open is that of the values."""
    first = min((one.first_at for one in series), default=now)
    last = max((one.last_at for one in series), default=now)
    start = first if request.start is None else request.start
    end = last + 1 if request.end is None else request.end
    return start, max(end, start + 1)


def _edges(
    request: HistoryRequest, series: Sequence[SeriesFound], start: Micros, end: Micros
) -> list[Micros] | None:
    if request.bucket is None:
        return None
    edges = bucket_edges(request.bucket, start, end, request.zone, MAX_BUCKETS)
    if len(edges) * len(series) > MAX_CELLS:
        raise TooComplexQuery(
            f"{len(edges) - 1:,} buckets of {len(series):,} series are more than {MAX_CELLS:,}:"
            " choose a shorter window, longer buckets or fewer attributes"
        )
    return edges


def _file_name(request: HistoryRequest, chosen: _Chosen) -> str:
    """Name the file after what is in it: `気温_2026-04-01_2027-03-31.csv`."""
    language = request.language
    attributes = list(dict.fromkeys(attribute_label(one.attribute, language) for one in chosen.labels))
    kinds = list(dict.fromkeys(one.entity_type for one in chosen.labels if one.entity_type))
    if len(attributes) == 1:
        what = attributes[0]
    else:
        what = kinds[0] if len(kinds) == 1 else ("履歴" if language is Language.JA else "history")
    days = [_day(time, request) for time in (chosen.start, chosen.end - 1)]
    safe = "".join(sign if sign.isalnum() or sign in "-_（）.ー" else "_" for sign in what)[:60]
    return f"{safe}_{'_'.join(dict.fromkeys(days))}.{request.format}"


def _day(micros: Micros, request: HistoryRequest) -> str:
    return local_time(micros, request.zone).strftime("%Y-%m-%d")
