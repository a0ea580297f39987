"""Reads faults of GPUs and machines from what series say of them: codes, counters, flags, and kernel-log lines.

A month is looked at by the hour; only hours in which something changed are read by the second, so that a fault is known
as exactly as its series tell it. Gauges of the last XID, and flags, stand until a reset: a fault is where they change.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.health.fault import Fault, FaultKind, judged, merged
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.fleet.money import MachineFacts
from trimtab.fleet.naming import MachineNames, series_by_device
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found, Metric, Registry
from trimtab.fleet.telemetry.identity import gpu_of, host_of
from trimtab.fleet.telemetry.reading import Floats, MatrixReader
from trimtab.metrics.model import Kind, Series
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import parse_statistic

_MAXIMUM, _SUM = parse_statistic("Maximum"), parse_statistic("Sum")
_FINE_S, _COARSE_S = 1, 3_600
_MOST_UNSEEN_MS = 300_000
"""A sample so long after the one before says when something was seen, not since when it was."""
_AT_ONCE = 4_096
"""Series read in one query: a month of each by the hour is 24 MB."""
_SIGNALS: tuple[tuple[Sequence[Metric], FaultKind], ...] = (
    (concepts.XID, FaultKind.XID),
    (concepts.FAULTS, FaultKind.XID),
    (concepts.HW_ERRORS, FaultKind.XID),
    (concepts.UNCORRECTED, FaultKind.ECC),
    (concepts.ROWS_FAILED, FaultKind.ROWS_FAILED),
    (concepts.ROWS_PENDING, FaultKind.ROWS_PENDING),
    (concepts.NVLINK_RECOVERIES, FaultKind.NVLINK),
    (concepts.INFINIBAND_DOWN, FaultKind.INFINIBAND),
)
_OF_LINES = "gpu.fault.xid"
"""The number of an XID in each kernel-log line: `gpu.faults` counts the same lines."""
_CODES = {"xid": FaultKind.XID, "sxid": FaultKind.SXID}
Device = tuple[str, int | None]


class Signal(Struct, frozen=True):
    """A series that tells of faults, of which kind; `code` where its labels name it, else it is the value (of XIDs)."""

    found: Found
    kind: FaultKind
    code: int | None = None

    @property
    def stands(self) -> bool:
        """Whether its value stands until it changes, rather than counting: also where single values were sent."""
        return self.found.series.identity.kind is not Kind.COUNTER and self.found.metric not in concepts.FAULTS


class Seen(Struct, frozen=True):
    """Something that a series told: the value, and between which moments it came."""

    since_ms: int
    at_ms: int
    value: float


async def read(
    reader: MatrixReader,
    registry: Registry,
    scope: Scope,
    machines: Mapping[str, MachineFacts],
    start_ms: int,
    end_ms: int,
    only: frozenset[str] | None = None,
) -> list[Fault]:
    """The faults of `machines` within `[start, end)`, of those in `only` where it is given, by time.

    Raises QueryAborted, Unavailable.
    """
    finder = Finder(registry, scope, start_ms)
    names = MachineNames(machines)
    signals = [
        one
        for one in signals_of(finder)
        if only is None or names.path_of(host_of(one.found.series), one.found.series.identity.account) in only
    ]
    devices = devices_by_series([one.found.series for one in signals], finder, machines)
    signals = [one for one in signals if one.found.series.id in devices]
    faults: list[Fault] = []
    for one, seen in await _seen(reader, scope, signals, start_ms, end_ms):
        machine, device = devices[one.found.series.id]
        kind, code = one.kind, one.code
        if kind is FaultKind.XID and code is None:
            code = int(seen.value)
        severity, action = judged(kind, code)
        faults.append(
            Fault(
                machine=machine,
                device=device,
                since_ms=seen.since_ms,
                at_ms=seen.at_ms,
                kind=kind,
                severity=severity,
                code=code,
                count=1 if one.stands else max(round(seen.value), 1),
                gpu=gpu_of(one.found.series) if device is not None else "",
                action=action,
                sources=(one.found.metric.name,),
            )
        )
    return [one for one in merged(faults) if start_ms <= one.at_ms < end_ms]


def signals_of(finder: Finder) -> list[Signal]:
    """Every series that tells of faults."""
    found = []
    for metrics, kind in _SIGNALS:
        for one in finder.all(metrics):
            if metrics in (concepts.FAULTS, concepts.HW_ERRORS):
                word, _, number = one.series.dimensions.get("error.type", "").partition(".")
                if word in _CODES and number.isdecimal():
                    found.append(Signal(one, _CODES[word], int(number)))
            elif one.metric.name != _OF_LINES:
                found.append(Signal(one, kind))
    return found


def devices_by_series(
    series: Iterable[Series], finder: Finder, machines: Mapping[str, MachineFacts]
) -> dict[int, Device]:
    """By series its machine and device in the ledger (None: the machine as a whole, a switch, or not known which).

    Series of machines that the ledger does not know are absent.
    """
    wanted = list(series)
    of_gpus = [one for one in wanted if _names_gpu(one)]
    activity = [one.series for _, metrics in concepts.ACTIVITY for one in finder.all(metrics)]
    known = {
        one.id: device
        for device, some in series_by_device([*activity, *of_gpus], machines).items()
        for one in some
    }  # fmt: skip
    names = MachineNames(machines)
    found: dict[int, Device] = {}
    for one in wanted:
        if _names_gpu(one) and one.id in known:
            found[one.id] = known[one.id]
        elif path := names.path_of(host_of(one), one.identity.account):
            found[one.id] = path, None
    return found


def _names_gpu(series: Series) -> bool:
    """Whether labels name a GPU, rather than a place on the bus that no GPU is known to be at."""
    gpu, host = gpu_of(series), host_of(series)
    tail = gpu.rpartition("/")[2] if host and gpu.startswith(f"{host}/") else ""
    return gpu != host and (tail.isdecimal() if tail else ":" not in gpu)


async def _seen(
    reader: MatrixReader, scope: Scope, signals: Sequence[Signal], start_ms: int, end_ms: int
) -> list[tuple[Signal, Seen]]:
    """What the series told: their hours first, then the seconds of hours in which something happened."""
    first_ms = start_ms // HOUR_MS * HOUR_MS - HOUR_MS
    hot: dict[int, set[int]] = defaultdict(set)
    for at in range(0, len(signals), _AT_ONCE):
        some = signals[at : at + _AT_ONCE]
        for statistic, stands in ((_MAXIMUM, True), (_SUM, False)):
            mine = [place for place, one in enumerate(some) if one.stands is stands]
            if not mine:
                continue
            ids = [some[place].found.series.id for place in mine]
            values = await reader.matrix(scope, ids, statistic, first_ms, end_ms, _COARSE_S)
            for place, row in zip(mine, values, strict=True):
                for hour in _changes(row) if stands else np.flatnonzero(np.nan_to_num(row) > 0).tolist():
                    hot[(first_ms + hour * HOUR_MS) // DAY_MS].add(at + place)
    found: list[tuple[Signal, Seen]] = []
    for day, places in sorted(hot.items()):
        asked = [signals[place] for place in sorted(places)]
        requests = [StatRequest((one.found.series.id,), _MAXIMUM if one.stands else _SUM, _FINE_S) for one in asked]
        begin, end = max(day * DAY_MS, first_ms), min((day + 1) * DAY_MS, end_ms)
        answers = await reader.statistics(scope, requests, begin - HOUR_MS, end)
        for one, answer in zip(asked, answers, strict=True):
            found += [(one, seen) for seen in seen_in(one, answer) if begin <= seen.at_ms < end]
    return found


def _changes(row: Floats) -> list[int]:
    """Columns of a gauge's hours in which its greatest value is another than in the known hour before, or the first
    known; and the hour before such a one, in which it may have changed already."""
    known = np.flatnonzero(~np.isnan(row))
    found = set()
    before = 0.0
    for at in known.tolist():
        if row[at] != before:
            found |= {at, max(at - 1, 0)}
        before = float(row[at])
    return sorted(found)


def seen_in(signal: Signal, answer: StatSeries) -> Iterator[Seen]:
    """What a series tells by the second: of a counter each increase; of a gauge each change to another value that is
    above 0. The first value of all counts where the series began with it.
    """
    before_ms: int | None = None
    before = 0.0
    for at, number in zip(answer.times.tolist(), answer.values.tolist(), strict=True):
        value = number * signal.found.metric.scale if signal.kind is not FaultKind.XID else number
        fresh = before_ms is not None or at <= signal.found.series.first_seen_ms + 1_000
        rises = value > before or (signal.kind is FaultKind.XID and value != before)
        if value > 0 and (not signal.stands or (rises and fresh)):
            exact = not signal.stands and signal.found.series.identity.kind is Kind.EVENTS
            since = at if exact or before_ms is None else before_ms
            yield Seen(max(since, at - _MOST_UNSEEN_MS), at, value)
        before_ms, before = at, value
