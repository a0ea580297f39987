"""Evaluates burn-rate alarms: sums of bad and of all events over every window, read together by length."""

from collections.abc import Iterable, Sequence

import numpy as np

from trimtab.alarms.book import Entry
from trimtab.alarms.burn_rate import Burn, burn_rate, burn_reason, judge_burns
from trimtab.alarms.evaluate import Floats
from trimtab.alarms.look import Look
from trimtab.alarms.model import BurnRateAlarm, StateValue
from trimtab.alarms.ports import Reader, Registry
from trimtab.alarms.reasons import MAX_REASON, Why, compact, stamp
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest


class BurnLooks:
    """Alarms on error budgets."""

    def __init__(self, reader: Reader, registry: Registry) -> None:
        self._reader = reader
        self._registry = registry

    async def look(self, entries: Iterable[Entry], times: Sequence[int]) -> list[Look]:
        """The verdicts on burn-rate alarms at `times` (ms, ascending)."""
        places: dict[tuple[str, str], list[Entry]] = {}
        for entry in entries:
            places.setdefault((entry.alarm.key.account, entry.alarm.key.region), []).append(entry)
        looks = []
        for members in places.values():
            rates = await self._rates(members, times)
            looks += [_look(entry, rates[number], times) for number, entry in enumerate(members)]
        return looks

    async def _rates(self, entries: Sequence[Entry], times: Sequence[int]) -> list[dict[int, Floats]]:
        """The burn rates of each entry by length of window (s): every length and time is one read for all of them."""
        found: list[dict[int, Floats]] = [
            {length: np.full(len(times), np.nan) for length in _lengths(_alarm(entry))} for entry in entries
        ]
        for length in sorted({length for one in found for length in one}):
            mine = [number for number, one in enumerate(found) if length in one]
            alarms = [_alarm(entries[number]) for number in mine]
            for at, time in enumerate(times):
                sums = await self._sums([entries[number] for number in mine], length, time)
                for number, alarm, (bad, total) in zip(mine, alarms, sums, strict=True):
                    found[number][length][at] = burn_rate(np.array([bad]), np.array([total]), alarm.objective)[0]
        return found

    async def _sums(self, entries: Sequence[Entry], length_s: int, end_ms: int) -> list[tuple[float, float]]:
        """Bad and all events of each entry in the `length_s` before `end_ms`; NaN where none were told of."""
        start_ms = end_ms - length_s * 1000
        requests = [
            self._request(entry, query, length_s, start_ms)
            for entry in entries
            for query in (_alarm(entry).bad, _alarm(entry).total)
        ]
        found = await self._reader.statistics(entries[0].scope, requests, start_ms, end_ms)
        sums = [float(series.values[0]) if len(series.values) else np.nan for series in found]
        return list(zip(sums[::2], sums[1::2], strict=True))

    def _request(self, entry: Entry, query: Query, length_s: int, origin_ms: int) -> StatRequest:
        source = query.source
        assert isinstance(source, MetricStat)  # noqa: S101 - form.py reads nothing else
        known = entry.series.get(source)
        if known is None:
            wanted = SeriesQuery(source.namespace, source.name, source.dimensions, exact=True, unit=source.unit)
            known = tuple(series.id for series in self._registry.find(entry.scope, wanted))
            entry.series[source] = known
        return StatRequest(known, source.statistic, length_s, origin_ms)


def _look(entry: Entry, rates: dict[int, Floats], times: Sequence[int]) -> Look:
    alarm = _alarm(entry)
    burns = [Burn(rates[window.long_s], rates[window.short_s]) for window in alarm.windows]

    def why(_row: int, at: int, _old: StateValue, _new: StateValue) -> Why:
        return Why(burn_reason(alarm, burns, at)[:MAX_REASON], _data(alarm, burns, at, times[at]))

    return Look([entry], times, judge_burns(alarm, burns)[None, :], why)


def _lengths(alarm: BurnRateAlarm) -> set[int]:
    return {length for window in alarm.windows for length in (window.long_s, window.short_s)}


def _data(alarm: BurnRateAlarm, burns: Sequence[Burn], at: int, time: int) -> str:
    windows = [
        {
            "longSeconds": window.long_s,
            "shortSeconds": window.short_s,
            "factor": window.factor,
            "burnRates": [None if np.isnan(rate[at]) else float(rate[at]) for rate in (burn.long, burn.short)],
        }
        for window, burn in zip(alarm.windows, burns, strict=True)
    ]
    return compact({"version": "1.0", "queryDate": stamp(time), "objective": alarm.objective, "windows": windows})


def _alarm(entry: Entry) -> BurnRateAlarm:
    assert isinstance(entry.alarm, BurnRateAlarm)  # noqa: S101 - the evaluator sorts alarms by kind
    return entry.alarm
