"""`/sources/aws`: the AWS accounts that are read, how far, what could not be read, and what the calls cost."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.accounts.model import CallCount, ReadState, Step, StepState
from trimtab.accounts.room import Standing
from trimtab.base.errors import NotFound
from trimtab.web import respond
from trimtab.web.site import Site

_COMMANDS = """\
# the IAM policy that it needs: reads alone
trimtab connect aws --print-policy

# what would be called, and what it costs
trimtab connect aws --role-arn arn:aws:iam::111122223333:role/trimtab-read --plan

# read it, and again every day
trimtab connect aws --role-arn arn:aws:iam::111122223333:role/trimtab-read"""
_COLUMNS = ("account", "day", "service", "operation", "calls", "failed", "throttled", "usd")


class Row(Struct, frozen=True):
    """An account as the table shows it."""

    standing: Standing
    done: int
    problems: int
    resources: int
    calls: int
    cost: Decimal
    level: str
    words: str


class Trouble(Struct, frozen=True):
    """What could not be read, and in which regions."""

    name: str
    state: str
    problem: str
    regions: Sequence[str]


def routes(site: Site) -> list[BaseRoute]:
    """The page and its CSV of calls."""

    async def standings(request: Request) -> list[Standing]:
        room = site.state.accounts
        if room is None:
            return []
        found = await room.store.all(request.state.principal.scope.accounts)
        return [await room.standing(one) for one in found]

    async def page(request: Request) -> Response:
        view = site.view(request)
        found = await standings(request)
        asked = view.get("account")
        chosen = next((one for one in found if one.account.account == asked), None)
        if asked and chosen is None:
            raise NotFound(f"account {asked} is not connected")
        chosen = chosen or (found[0] if found else None)
        return site.page(
            request,
            view,
            "aws_accounts",
            timed=False,
            rows=[_row(one) for one in found],
            chosen=chosen,
            troubles=_troubles(chosen.steps) if chosen else (),
            operations=_operations(chosen.calls) if chosen else (),
            commands=_COMMANDS,
        )

    async def as_csv(request: Request) -> Response:
        rows = [
            (one.account.account, call.day, call.service, call.operation, *_numbers(call))
            for one in await standings(request)
            for call in one.calls
        ]
        return respond.table(request, "aws-calls", _COLUMNS, rows)

    return [Route("/sources/aws", site.guarded(page)), Route("/sources/aws.csv", site.guarded(as_csv))]


def _numbers(call: CallCount) -> tuple[int, int, int, str]:
    return call.calls, call.failed, call.throttled, f"{call.cost:f}"


def _row(one: Standing) -> Row:
    done = sum(step.state is not StepState.WAITING for step in one.steps)
    problems = sum(step.state in (StepState.REFUSED, StepState.FAILED, StepState.SKIPPED) for step in one.steps)
    level, words = _level(one, done, problems)
    calls, cost = sum(call.calls for call in one.calls), sum((call.cost for call in one.calls), Decimal(0))
    return Row(one, done, problems, sum(one.by_type.values()), calls, cost, level, words)


def _level(one: Standing, done: int, problems: int) -> tuple[str, str]:
    if one.read is None:
        return "warn", "not read"
    if one.read.state is ReadState.READING:
        return "warn", f"reading: {done} of {len(one.steps)}"
    if one.read.state is ReadState.FAILED:
        return "bad", "failed"
    return ("warn", f"read, but {problems} steps") if problems else ("good", "read")


def _troubles(steps: Sequence[Step]) -> list[Trouble]:
    """What went wrong, once for all regions in which it did."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in steps:
        if one.problem:
            said = one.problem.splitlines()[0]
            found.setdefault((one.name, one.state.value, said), []).append(one.region)
    return [Trouble(*key, regions) for key, regions in sorted(found.items())]


def _operations(calls: Sequence[CallCount]) -> list[tuple[str, int, int, int, Decimal]]:
    """Calls by operation: made, failed, throttled, dollars; those that cost most first, then those that are most."""
    made, failed, throttled = Counter[str](), Counter[str](), Counter[str]()
    cost: dict[str, Decimal] = {}
    for one in calls:
        name = f"{one.service} {one.operation}"
        made[name] += one.calls
        failed[name] += one.failed
        throttled[name] += one.throttled
        cost[name] = cost.get(name, Decimal(0)) + one.cost
    order = sorted(made, key=lambda name: (-cost[name], -made[name], name))
    return [(name, made[name], failed[name], throttled[name], cost[name]) for name in order]
