"""What is left of the budgets of objectives, and how fast they burn: what pages, reports, metrics and alarms show."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from trimtab.slos.budget import Outcomes, burn_rate
from trimtab.slos.exclusions import length_ms, spans_of
from trimtab.slos.model import StoredSlo
from trimtab.slos.reading import Events, SloReader


class Status(StrEnum):
    """How a budget stands, by Application Signals' names."""

    OK = "OK"
    WARNING = "WARNING"
    BREACHED = "BREACHED"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Burn(Struct, frozen=True):
    """The burn rate over the last `minutes`; None without events."""

    minutes: int
    rate: float | None


class Report(Struct, frozen=True):
    """An objective in its interval `[start_ms, end_ms)` as of a moment.

    `outcomes` are requests, or periods; `budget` and `left` are seconds where periods are counted, else requests.
    `attainment` is a percentage, `left_share` the part of the budget that is left (below 0: overspent).
    """

    kept: StoredSlo
    start_ms: int
    end_ms: int
    status: Status
    outcomes: Outcomes
    attainment: float | None
    budget: float
    left: float
    left_share: float | None
    burns: tuple[Burn, ...] = ()


def report_of(kept: StoredSlo, events: Events, now_ms: int) -> Report:
    """The report of an objective from what counted in its interval until `now_ms`. Pure."""
    slo = kept.slo
    goal = slo.goal
    start_ms, end_ms = goal.interval.bounds(now_ms)
    outcomes = events.within(start_ms, now_ms)
    allowed = (100 - goal.attainment) / 100
    if slo.by_period:
        counts_ms = end_ms - start_ms - length_ms(spans_of(kept.exclusions, start_ms, end_ms))
        budget = counts_ms / 1000 * allowed
        spent = outcomes.failed * events.step_ms / 1000
    else:
        budget, spent = outcomes.completed * allowed, outcomes.failed
    ratio = outcomes.success_ratio
    left = budget - spent
    share = left / budget if ratio is not None and budget > 0 else None
    return Report(
        kept=kept, start_ms=start_ms, end_ms=end_ms, status=_status(share, goal.warning), outcomes=outcomes,
        attainment=None if ratio is None else ratio * 100, budget=budget, left=left, left_share=share,
        burns=tuple(burns_of(events, goal.objective, slo.burn_minutes, now_ms)),
    )  # fmt: skip


def burns_of(events: Events, objective: float, minutes: Sequence[int], now_ms: int) -> list[Burn]:
    """The burn rates over the last so many minutes. Pure."""
    return [Burn(one, burn_rate(events.within(now_ms - one * 60_000, now_ms), objective)) for one in minutes]


def _status(left_share: float | None, warning: float) -> Status:
    if left_share is None:
        return Status.INSUFFICIENT_DATA
    if left_share <= 0:
        return Status.BREACHED
    return Status.WARNING if left_share * 100 < warning else Status.OK


class Reports:
    """Reports of objectives, asked of the reader once for each."""

    def __init__(self, reader: SloReader) -> None:
        self._reader = reader

    async def of(self, kept: StoredSlo, now_ms: int) -> Report:
        """The report as of `now_ms`. Raises InvalidInput, QueryAborted, Unavailable."""
        slo = kept.slo
        start_ms, _ = slo.goal.interval.bounds(now_ms)
        longest_ms = max(slo.burn_minutes, default=0) * 60_000
        events = await self._reader.events(kept, min(start_ms, now_ms - longest_ms), now_ms)
        return report_of(kept, events, now_ms)
