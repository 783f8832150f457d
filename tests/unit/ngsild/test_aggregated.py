"""Aggregated histories as JSON."""

import json

from context_api.ngsild.aggregated import Buckets, Cells, SeriesAggregate, write_aggregated
from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Kind, Micros
from context_api.ngsild.query.aggregation import AggrMethod
from context_api.ngsild.represent_temporal import TemporalForm
from context_api.ngsild.temporal import History

HOUR: Micros = 3_600_000_000
T0: Micros = 1_735_689_600_000_000
EDGES = [T0, T0 + HOUR, T0 + 2 * HOUR, T0 + 3 * HOUR]
TIMES = ["2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", "2025-01-01T02:00:00Z", "2025-01-01T03:00:00Z"]
CONTEXT = core_context()
TYPE, LEVEL = CONTEXT.expand("Tank"), CONTEXT.expand("level")


def written(*series: SeriesAggregate) -> object:
    history = History(id="urn:ngsi-ld:Tank:1", types=(TYPE,), tracks=[])
    document = write_aggregated(history, series, CONTEXT, TemporalForm())
    assert document is not None
    return json.loads(document)["level"]


def a_series(buckets: Buckets, cells: dict[AggrMethod, Cells], dataset_id: str = "") -> SeriesAggregate:
    return SeriesAggregate(LEVEL, dataset_id, Kind.PROPERTY, None, buckets, cells)


def test_values_stand_beside_the_times_of_their_buckets() -> None:
    cells = {AggrMethod.AVG: Cells([0, 2], [1.5, 7]), AggrMethod.TOTAL_COUNT: Cells([1], [3])}
    assert written(a_series(Buckets(EDGES), cells)) == {
        "type": "Property",
        "avg": [[1.5, TIMES[0], TIMES[1]], [7, TIMES[2], TIMES[3]]],
        "totalCount": [[3, TIMES[1], TIMES[2]]],
    }


def test_series_of_one_request_share_their_buckets() -> None:
    buckets = Buckets(EDGES)
    one = a_series(buckets, {AggrMethod.MAX: Cells([0], [1])})
    other = a_series(buckets, {AggrMethod.MAX: Cells([0], [2])}, "urn:d:2")
    assert written(one, other) == [
        {"type": "Property", "max": [[1, TIMES[0], TIMES[1]]]},
        {"type": "Property", "datasetId": "urn:d:2", "max": [[2, TIMES[0], TIMES[1]]]},
    ]
    assert buckets.endings is buckets.endings


def test_text_with_any_line_break_is_one_value() -> None:
    texts = ["a\nb", "c\r\nd", "e\u2028f\u0085g\x0bh", '],["i', ""]
    edges = [T0 + number * HOUR for number in range(len(texts) + 1)]
    found = written(a_series(Buckets(edges), {AggrMethod.MIN: Cells(range(len(texts)), texts)}))
    assert isinstance(found, dict)
    assert [value for value, _, _ in found["min"]] == texts
