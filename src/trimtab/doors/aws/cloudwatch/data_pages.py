"""Pages of GetMetricData: how many points fit, where the next page begins, and what a token says."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.cloudwatch.queries import MetricQuery, Query
from trimtab.doors.aws.faults import AwsError
from trimtab.metrics.read import StatSeries

MAX_DATAPOINTS = 100_800
"""Points an answer may have, and has unless fewer are asked for, as documented."""


class Place(Struct, frozen=True):
    """Where a page begins. The range and the time of the first request stay, so that all pages agree.

    `query` is the number of the first query still to answer; `edge_ms` the time of its last point already answered.
    """

    start_ms: int
    end_ms: int
    now_ms: int
    query: int
    edge_ms: int | None


def fingerprint(queries: Sequence[Query], descending: bool) -> int:
    """What must stay the same between the pages of one listing."""
    return hash64(repr((queries, descending))) >> 16  # 48 bits: JSON's numbers hold them exactly


def read_token(token: str, mark: int) -> Place:
    """The place in a token. Raises AwsError (InvalidNextToken) for one of another request."""
    try:
        position = decode_token(token)
        known, start_ms, end_ms, now_ms, query, edge_ms = position
    except (InvalidInput, TypeError, ValueError):
        raise _invalid("is not one that this server gave") from None
    if known != mark:
        raise _invalid("belongs to other queries; repeat the request that gave it")
    return Place(start_ms, end_ms, now_ms, query, edge_ms)


def _invalid(why: str) -> AwsError:
    return AwsError("InvalidNextToken", f"The value for parameter NextToken is invalid: it {why}.")


class Page:
    """One answer in the making."""

    def __init__(self, place: Place, mark: int, limit: int, descending: bool) -> None:
        self.results: list[dict[str, Any]] = []
        self.next = place.query
        self._place = place
        self._mark = mark
        self._left = limit
        self._descending = descending
        self._edge_ms = place.edge_ms
        self._cut = False

    @property
    def full(self) -> bool:
        """Whether nothing more fits."""
        return self._cut or self._left <= 0

    def batch_size(self, queries: Sequence[MetricQuery], start_ms: int) -> int:
        """How many of the next queries to read together: as many as surely fit, at least one."""
        room, count = self._left, 0
        for query in queries[self.next :]:
            room -= -(-(self._place.end_ms - start_ms) // (query.period_s * 1000)) + 1
            if room < 0:
                break
            count += 1
        return max(count, 1)

    def range(self, start_ms: int, end_ms: int, at: int) -> tuple[int, int]:
        """The range to read for the query `at` places after `next`; the first leaves out what was answered before."""
        if at > 0 or self._edge_ms is None:
            return start_ms, end_ms
        return (start_ms, self._edge_ms) if self._descending else (self._edge_ms, end_ms)

    def add(self, id_: str, label: str, series: StatSeries, messages: Sequence[dict[str, Any]] = ()) -> None:
        """Answer a query with as many of its points as fit."""
        if self.full:
            return
        times, values = np.asarray(series.times), np.asarray(series.values)
        if self._edge_ms is not None:
            rest = times < self._edge_ms if self._descending else times > self._edge_ms
            times, values = times[rest], values[rest]
        if self._descending:
            times, values = times[::-1], values[::-1]
        self._cut = len(times) > self._left
        times, values = times[: self._left], values[: self._left]
        self._left -= len(times)
        self._append(id_, label, times, values, "PartialData" if self._cut else "Complete")
        if messages:
            self.results[-1]["Messages"] = list(messages)
        if self._cut:
            self._edge_ms = int(times[-1])
        else:
            self._edge_ms = None
            self.next += 1

    def skip_rest(self, named: Sequence[tuple[str, str]]) -> None:
        """Name the queries that no longer fit, without points."""
        for id_, label in named[self.next + (1 if self._cut else 0) :]:
            self._append(id_, label, np.empty(0, np.int64), np.empty(0), "PartialData")
            self._cut = True

    def token(self) -> str | None:
        """The token of the next page, if there is one."""
        if not self._cut:
            return None
        place = self._place
        return encode_token([self._mark, place.start_ms, place.end_ms, place.now_ms, self.next, self._edge_ms])

    def _append(self, id_: str, label: str, times: Any, values: Any, status: str) -> None:
        self.results.append({"Id": id_, "Label": label, "Timestamps": times, "Values": values, "StatusCode": status})
