"""Recommendations out of what a whole fleet was judged by: plain lists, since they are told one by one."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.rightsizing.fleet import Fleet
from trimtab.advice.rightsizing.model import Advised, Axis, Finding, Option, Recommendation, Walked, started_ms
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.use import Floats, Integers
from trimtab.advice.rightsizing.walk import Course, Flags, Tally
from trimtab.base.clock import iso

_CENT = Decimal("0.01")
_RISKY = 2.0
"""A further option with more performance risk than this is not shown."""
_HOURS = Decimal(HOURS_A_MONTH)
_WHOLE = 1e-9


class _Sums(Struct, frozen=True):
    """A course summed up, a value a subject."""

    cost: list[float]
    over: list[float]
    free: list[float]
    changes: list[int]


class Told(Struct, frozen=True):
    """What all subjects of a fleet are told by, a value a subject, or a list a subject."""

    courses: Mapping[str, Course]
    sums: Mapping[str, _Sums]
    places: list[list[int]]
    """The options to show; -1 for none."""
    overs: list[list[float]]
    """The share of the last days' time over each of them along the worst axis."""
    risks: list[list[float]]
    """The performance risk of each of them."""
    risk: list[float]
    """That of the present option."""
    high: list[list[float]]
    """The highest 99.5th percentile of the last days by axis; NaN where it is not measured."""
    needed: list[list[float]]
    """What the strategy asks for tomorrow by axis; NaN where it does not know."""
    passes: list[bool]
    hours: list[float]

    @classmethod
    def of(
        cls, courses: Mapping[str, Course], places: Integers, static: Floats, risks: Floats, risk: Floats, high: Floats,
        tallies: Mapping[str, Tally], passes: Flags, hours: Floats, strategy: str,
    ) -> "Told":  # fmt: skip
        """The same out of arrays; `static` is `[n, option, axis]`."""
        sums = {
            name: _Sums(one.cost.tolist(), one.over.tolist(), one.free.tolist(), one.changes.tolist())
            for name, one in tallies.items()
        }
        overs = np.where(np.isfinite(static), static, 0.0).max(axis=2)
        needed = courses[strategy].needed[:, -1]
        return cls(
            courses, sums, places.tolist(), overs.tolist(), risks.tolist(), risk.tolist(), high.tolist(),
            needed.tolist(), passes.tolist(), hours.tolist(),
        )  # fmt: skip


class Teller:
    """Tells the recommendations of a fleet."""

    def __init__(self, fleet: Fleet, told: Told, sizing: Sizing, *, detail: bool) -> None:
        self._fleet = fleet
        self._told = told
        self._sizing = sizing
        self._detail = detail
        self._now = fleet.options[0]
        self._ranked = fleet.ranked
        self._axes = fleet.axes
        self._present = fleet.present
        self._holds: list[list[float]] = fleet.holds.tolist()
        self._savings: dict[tuple[int, float], tuple[Decimal | None, float | None]] = {}
        self._since_ms = next(iter(fleet.uses.values())).start_ms
        self._unmeasured: list[float] = fleet.unmeasured().tolist()
        self._unknown = tuple(f"not known: {what}" for what in self._now.unknown)

    def recommendation(self, one: int, pick: str) -> Recommendation:
        """What is said of a subject, by its number; `pick` names what its strategy was."""
        told, sizing = self._told, self._sizing
        hours = told.hours[one]
        if hours < sizing.least_hours:
            return silent(self._fleet, one, f"{hours:.0f} hours of data; at least {sizing.least_hours:.0f} are needed")
        short = [
            axis
            for axis, needed, held in zip(self._axes, told.needed[one], self._holds[self._present], strict=True)
            if needed > held + _WHOLE
        ]
        replays = tuple(self._walked(one, name) for name in told.courses)
        finding, codes, advised, reason = self._found(one, short, replays[0])
        used = {axis: need for axis, need in zip(self._axes, told.needed[one], strict=True) if abs(need) < np.inf}
        observed = {axis: high for axis, high in zip(self._axes, told.high[one], strict=True) if high == high}
        return Recommendation(
            self._fleet.subjects[one], finding, codes, self._now, used, observed, advised, replays=replays,
            reason=reason, pick=pick, risk=told.risk[one], days=hours / 24.0, notes=self._notes(one),
        )  # fmt: skip

    def _found(
        self, one: int, short: Sequence[Axis], replay: Walked
    ) -> tuple[Finding, tuple[str, ...], tuple[Advised, ...], str]:
        place = self._told.places[one][0]
        if place == self._present:
            if not short:
                return Finding.OPTIMIZED, (), (), ""
            codes = tuple(dict.fromkeys(f"{_word(axis)}Underprovisioned" for axis in short))
            return Finding.UNDER, codes, (), "no larger size is known that would do"
        if not short:
            if not self._ranked[place].order < self._now.order:
                return Finding.OPTIMIZED, (), (), ""
            failed = _failure(replay, self._sizing)
            if not failed and not self._told.passes[one]:
                failed = "no smaller size would have done over the last days"
            if failed:
                return Finding.OPTIMIZED, (), (), failed
        codes = self._codes(short, place)
        finding = Finding.UNDER if short else Finding.OVER if codes else Finding.NOT_OPTIMIZED
        return finding, codes, self._options(one), ""

    def _codes(self, short: Sequence[Axis], place: int) -> tuple[str, ...]:
        codes = []
        for axis, then, now in zip(self._axes, self._holds[place], self._holds[self._present], strict=True):
            if axis in short:
                codes.append(f"{_word(axis)}Underprovisioned")
            elif axis is not Axis.SUSTAINED and then < now - _WHOLE:
                codes.append(f"{axis}Overprovisioned")
        return tuple(dict.fromkeys(codes))

    def _options(self, one: int) -> tuple[Advised, ...]:
        """The option, and others that would have done too, the cheapest first."""
        found: list[Advised] = []
        for number, at in enumerate(self._told.places[one]):
            if at < 0 or at == self._present or (found and self._told.risks[one][number] > _RISKY):
                continue
            found.append(self._advised(one, number, at, len(found) + 1))
        return tuple(found)

    def _advised(self, one: int, number: int, at: int, rank: int) -> Advised:
        told, option, now = self._told, self._ranked[at], self._now.capacity
        projected = {
            axis: high * now[axis] / option.capacity[axis]
            for axis, high in zip(self._axes, told.high[one], strict=True)
            if high == high and axis in option.capacity and axis in now  # NaN is not measured
        }
        saving, share = self._saving(at, self._fleet.subjects[one].count)
        headroom = 1.0 - max(projected.values(), default=0.0)
        risk, over = told.risks[one][number], told.overs[one][number]
        return Advised(option, rank, risk, projected, saving, share, over, headroom)

    def _saving(self, at: int, count: float) -> tuple[Decimal | None, float | None]:
        found = self._savings.get((at, count))
        if found is None:
            found = self._savings[at, count] = _saving(self._now, self._ranked[at], count)
        return found

    def _walked(self, one: int, name: str) -> Walked:
        sums = self._told.sums[name]
        paid = sums.cost[one] * self._fleet.subjects[one].count
        cost = Decimal(f"{paid:.2f}") if paid == paid else None  # NaN: a price is not known
        over, free, changes = sums.over[one], sums.free[one], sums.changes[one]
        if not self._detail:
            return Walked(name, cost, over, free, changes=changes)
        walked = self._told.courses[name]
        names = tuple(self._ranked[at].name for at in walked.chosen[one])
        return Walked(name, cost, over, free, names, tuple(walked.over[one].tolist()), changes)

    def _notes(self, one: int) -> tuple[str, ...]:
        notes = []
        if self._unmeasured[one]:
            kept = "it is taken for unused" if self._sizing.unmeasured_memory else "none is taken away"
            notes.append(f"memory is not measured: {kept}")
        begun = started_ms(self._fleet.subjects[one])
        if begun > self._since_ms:
            notes.append(f"started {iso(begun)[:16]}Z: of the 15 minutes after it only memory counts")
        return (*notes, *self._unknown)


def silent(fleet: Fleet, one: int, reason: str) -> Recommendation:
    """The answer for a resource that cannot be judged, with the reason."""
    current = fleet.options[0] if fleet.options else None
    return Recommendation(fleet.subjects[one], Finding.UNAVAILABLE, (), current, {}, reason=reason)


def _failure(replay: Walked, sizing: Sizing) -> str:
    """Why a replay forbids a recommendation; "" where it does not."""
    if replay.over > sizing.tolerance:
        return (
            f"its replay would have been over size {replay.over:.1%} of the time; {sizing.tolerance:.0%} are accepted"
        )
    return ""


def _word(axis: Axis) -> Axis:
    """What a reason code calls an axis: credits are of the processor."""
    return Axis.CPU if axis is Axis.SUSTAINED else axis


def _saving(now: Option, to: Option, count: float) -> tuple[Decimal | None, float | None]:
    if now.per_hour is None or to.per_hour is None or now.currency != to.currency:
        return None, None
    amount = (now.per_hour - to.per_hour) * _HOURS * Decimal(str(count))
    share = float(1 - to.per_hour / now.per_hour) if now.per_hour else 0.0
    return amount.quantize(_CENT), share
