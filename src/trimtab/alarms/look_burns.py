"""Evaluates burn-rate alarms: sums of bad and of all events over every window, read together by length."""

import logging
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from trimtab.alarms.book import Entry
from trimtab.alarms.burn_rate import Burn, burn_reason, judge_burns
from trimtab.alarms.evaluate import Floats
from trimtab.alarms.look import Look
from trimtab.alarms.model import BurnRateAlarm, CountedBudget, StateValue
from trimtab.alarms.ports import Budgets, Reader, Registry
from trimtab.alarms.reasons import MAX_REASON, Why, compact, stamp
from trimtab.base.errors import InvalidInput, NotFound, QueryAborted
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest
from trimtab.slos.budget import burn_rates
from trimtab.slos.model import SloKey

logger = logging.getLogger(__name__)


class BurnLooks:
    """Alarms on error budgets: their own, and those of objectives of service levels.

    `failed` are the entries (`id(entry)`) of the last look whose objective cannot be read.
    """

    def __init__(self, reader: Reader, registry: Registry, budgets: Budgets | None = None) -> None:
        self._reader = reader
        self._registry = registry
        self._budgets = budgets
        self.failed: set[int] = set()

    async def look(self, entries: Iterable[Entry], times: Sequence[int]) -> list[Look]:
        """The verdicts on burn-rate alarms at `times` (ms, ascending)."""
        self.failed = set()
        places: dict[tuple[str, str], list[_Counted]] = {}
        looks = []
        for entry in entries:
            alarm, budget = _alarm(entry), _alarm(entry).budget
            if isinstance(budget, CountedBudget):
                places.setdefault((alarm.key.account, alarm.key.region), []).append(_Counted(entry, alarm, budget))
            else:
                looks += await self._at_objective(entry, alarm, budget, times)
        for members in places.values():
            rates = await self._rates(members, times)
            looks += [
                _look(one.entry, one.budget.objective, rates[number], times) for number, one in enumerate(members)
            ]
        return looks

    async def _at_objective(self, entry: Entry, alarm: BurnRateAlarm, name: str, times: Sequence[int]) -> list[Look]:
        """The look at an alarm on the budget of an objective; none where that cannot be read."""
        lengths, key = sorted(_lengths(alarm)), alarm.key
        try:
            if self._budgets is None:
                raise NotFound(f"The SLO {name} does not exist.")
            found = await self._budgets.burnt(SloKey(key.account, key.region, name), lengths, times)
        except (NotFound, InvalidInput, QueryAborted) as problem:
            logger.warning("cannot evaluate alarm %s: %s", key.name, problem)
            self.failed.add(id(entry))
            return []
        rates = {
            length: burn_rates(
                np.array([one.failed for one in row]), np.array([one.completed for one in row]), found.objective
            )
            for length, row in zip(lengths, found.outcomes, strict=True)
        }
        return [_look(entry, found.objective, rates, times)]

    async def _rates(self, members: Sequence["_Counted"], times: Sequence[int]) -> list[dict[int, Floats]]:
        """The burn rates of each alarm by length of window (s): every length and time is one read for all of them."""
        found: list[dict[int, Floats]] = [
            {length: np.full(len(times), np.nan) for length in _lengths(one.alarm)} for one in members
        ]
        for length in sorted({length for one in found for length in one}):
            mine = [number for number, one in enumerate(found) if length in one]
            for at, time in enumerate(times):
                sums = await self._sums([members[number] for number in mine], length, time)
                for number, (bad, total) in zip(mine, sums, strict=True):
                    objective = members[number].budget.objective
                    found[number][length][at] = burn_rates(np.array([bad]), np.array([total]), objective)[0]
        return found

    async def _sums(self, members: Sequence["_Counted"], length_s: int, end_ms: int) -> list[tuple[float, float]]:
        """Bad and all events of each alarm in the `length_s` before `end_ms`; NaN where none were told of."""
        start_ms = end_ms - length_s * 1000
        requests = [
            self._request(one.entry, query, length_s, start_ms)
            for one in members
            for query in (one.budget.bad, one.budget.total)
        ]
        found = await self._reader.statistics(members[0].entry.scope, requests, start_ms, end_ms)
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


class _Counted(Struct, frozen=True):
    """An alarm whose events are counted by metrics."""

    entry: Entry
    alarm: BurnRateAlarm
    budget: CountedBudget


def _look(entry: Entry, objective: float, rates: dict[int, Floats], times: Sequence[int]) -> Look:
    alarm = _alarm(entry)
    burns = [Burn(rates[window.long_s], rates[window.short_s]) for window in alarm.windows]

    def why(_row: int, at: int, _old: StateValue, _new: StateValue) -> Why:
        return Why(burn_reason(alarm, objective, burns, at)[:MAX_REASON], _data(alarm, objective, burns, at, times[at]))

    return Look([entry], times, judge_burns(alarm, burns)[None, :], why)


def _lengths(alarm: BurnRateAlarm) -> set[int]:
    return {length for window in alarm.windows for length in (window.long_s, window.short_s)}


def _data(alarm: BurnRateAlarm, objective: float, burns: Sequence[Burn], at: int, time: int) -> str:
    windows = [
        {
            "longSeconds": window.long_s,
            "shortSeconds": window.short_s,
            "factor": window.factor,
            "burnRates": [None if np.isnan(rate[at]) else float(rate[at]) for rate in (burn.long, burn.short)],
        }
        for window, burn in zip(alarm.windows, burns, strict=True)
    ]
    return compact({"version": "1.0", "queryDate": stamp(time), "objective": objective, "windows": windows})


def _alarm(entry: Entry) -> BurnRateAlarm:
    assert isinstance(entry.alarm, BurnRateAlarm)  # noqa: S101 - the evaluator sorts alarms by kind
    return entry.alarm
