"""What the operations of Support, Trusted Advisor and Cost Optimization Hub are given, and what they share."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.catalogue import catalogue
from trimtab.advice.check import Check
from trimtab.advice.finding import Pillar, Status
from trimtab.advice.recommenders import RECOMMENDERS, Recommender
from trimtab.advice.room import AdviceRoom
from trimtab.advice.standing import CheckRun, Decision, Standing, Wanted
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext

T = TypeVar("T")
AnyCheck = Check | Recommender


class AdviceRooms(Struct, frozen=True):
    """What the operations ask."""

    room: AdviceRoom


class Result(Struct, frozen=True):
    """A check with what it found: `shown` counts, `hidden` was dismissed or suppressed."""

    check: AnyCheck
    run: CheckRun
    shown: tuple[Standing, ...]
    hidden: tuple[Standing, ...]

    @property
    def status(self) -> str:
        """Red, yellow or green by the worst finding; `not_available` where it never ran."""
        if not self.run.ran_ms:
            return "not_available"
        statuses = {one.finding.status for one in self.shown}
        return next((one.value for one in (Status.ERROR, Status.WARNING) if one in statuses), Status.OK.value)

    @property
    def savings(self) -> float:
        """Cash a month of what is shown."""
        return float(sum(one.finding.cash or 0 for one in self.shown))

    @property
    def percent(self) -> float:
        """The same as a share of what those resources cost."""
        cost = float(sum(one.finding.cost or 0 for one in self.shown))
        return round(self.savings / cost * 100, 2) if cost else 0.0

    @property
    def updated_ms(self) -> int:
        """When it last ran."""
        return self.run.ran_ms


def scope_of(context: CallContext) -> Scope:
    """What a caller may see: these services have no region."""
    return context.principal.scope


def every_check() -> dict[str, AnyCheck]:
    """Checks and recommenders by id."""
    return {**catalogue(), **{one.id: one for one in RECOMMENDERS}}


async def results(rooms: AdviceRooms, scope: Scope, ids: Sequence[str] = ()) -> list[Result]:
    """What checks found (all of them where none is named), in the catalogue's order."""
    known = every_check()
    wanted = [known[id_] for id_ in ids if id_ in known] if ids else list(known.values())
    ran = await rooms.room.findings.checks(scope)
    now_ms = rooms.room.clock.now_ms()
    by_check: dict[str, list[Standing]] = {}
    for one in await rooms.room.findings.listed(scope, Wanted(hidden=True)):
        by_check.setdefault(one.finding.check, []).append(one)
    found = []
    for check in wanted:
        mine = by_check.get(check.id, [])
        shown = tuple(one for one in mine if not one.hidden(now_ms))
        hidden = tuple(one for one in mine if one.hidden(now_ms))
        found.append(Result(check, ran.get(check.id, CheckRun(check.id)), shown, hidden))
    return found


async def hide(rooms: AdviceRooms, context: CallContext, one: Standing, reason: str, *, excluded: bool) -> None:
    """Suppress a finding for good, or show it again."""
    decision = Decision.SUPPRESSED if excluded else Decision.NONE
    await rooms.room.decide(scope_of(context), one.finding.id, decision, context.principal.name, reason)


page = Pages(
    100,
    lambda: AwsError("ValidationException", "The specified nextToken is invalid."),
    "nextToken",
    "nextToken",
    "maxResults",
)


def summary(result: Result) -> dict[str, Any]:
    """Counts of a check's resources, as Support has them."""
    return {
        "resourcesProcessed": result.run.looked_at,
        "resourcesFlagged": len(result.shown),
        "resourcesIgnored": len(result.run.undecided),
        "resourcesSuppressed": len(result.hidden),
    }


def money(result: Result) -> dict[str, Any]:
    """Savings of a check that looks after cost; nothing of another."""
    if result.check.pillar is not Pillar.COST:
        return {}
    saved = {"estimatedMonthlySavings": result.savings, "estimatedPercentMonthlySavings": result.percent}
    return {"costOptimizing": saved}
