"""`evaluate`: metric math, SEARCH and Metrics Insights as one typed Python call, over a `Client`."""

from collections.abc import Sequence

from trimtab.client import expressions_wire as wire
from trimtab.client.api import Client


def evaluate(
    client: Client,
    queries: Sequence[wire.DataQuery],
    *,
    start: str = "-3h",
    end: str = "now",
    period: int | None = None,
    fresh: bool = False,
) -> wire.Evaluated:
    """Evaluate `queries`, which may read each other by id, over a range. Errors are those of `Client`.

    `period` (s) is that of queries that name none. `fresh` waits, a second at most, until what was just stored can be
    read.
    """
    body = wire.Evaluate(list(queries), start, end, period, fresh)
    return client.call("POST", "/rest/v1/metrics/expressions", wire.Evaluated, body=body)
