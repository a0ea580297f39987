"""The plan on the page of advice: its rows with a box each, what they add, and the next three invoices."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.advice.backtest.model import Backtest
from trimtab.advice.backtest.room import BacktestRoom
from trimtab.advice.plan.model import Plan, Row, Verb
from trimtab.advice.plan.room import PlanRoom
from trimtab.advice.together import check_name
from trimtab.base.clock import to_datetime
from trimtab.base.coins import coins
from trimtab.base.records import replace
from trimtab.web.view import View, link

_NAMED = 3
_NEAR = 0.05
"""By how much of what was promised a plan may miss it and count as kept."""
VERBS: dict[str, str] = {
    Verb.STOP: "Stop", Verb.DELETE: "Delete", Verb.SCHEDULE: "Schedule", Verb.SHRINK: "Shrink", Verb.MOVE: "Move",
    Verb.SPOT: "Move to spot", Verb.CHANGE: "Change", Verb.EXCHANGE: "Exchange", Verb.RENEW: "Renew",
    Verb.COMMIT: "Buy",
}  # fmt: skip
"""The verbs as people read them."""
WITHOUT = "without"
"""The parameter of the address that has the rows that are left out."""


class PlanPanel(Struct, frozen=True):
    """A plan as it is drawn. `asked` says that boxes were taken out, `kept` has the total without that."""

    currency: str
    total: str
    range: str
    billed: str
    span: str
    rows: Sequence[dict[str, Any]]
    invoices: Sequence[tuple[str, str, str, str]]
    how: str
    notes: Sequence[str]
    asked: bool = False
    kept: str = ""
    past: Sequence["PastPanel"] = ()


class PastPanel(Struct, frozen=True):
    """What the plan of a past day promised and came to."""

    day: str
    days: int
    promised: str
    came: str
    at_prices: str
    ratio: str
    near: bool
    verbs: Sequence[tuple[str, str, str]]
    left_out: Sequence[tuple[str, str]]


async def plan_panels(room: PlanRoom | None, backtest: BacktestRoom | None, view: View) -> list[PlanPanel]:
    """The plans that a caller sees; the one whose boxes were taken out as it would be without them.

    Raises NotFound, InvalidInput.
    """
    if room is None:
        return []
    out = frozenset(view.all(WITHOUT))
    past = await backtest.seen(view.scope) if backtest is not None else []
    panels = []
    for plan in await room.seen(view.scope):
        mine = [row for row in plan.rows if row.id in out]
        if mine:
            left = [id_ for row in mine for id_ in row.findings]
            tried = await room.without(view.scope, plan.currency, left)
            panel = _panel(tried, mine, coins(plan.total, plan.currency))
        else:
            panel = _panel(plan, ())
        panels.append(replace(panel, past=[_past(one) for one in past if one.currency == plan.currency]))
    return panels


def _past(one: Backtest) -> PastPanel:
    ratio = one.ratio
    return PastPanel(
        day=f"{to_datetime(one.as_of_ms):%Y-%m-%d}",
        days=one.days,
        promised=coins(one.promised, one.currency),
        came=coins(one.came, one.currency),
        at_prices=coins(one.at_prices, one.currency) if one.at_prices != one.came else "",
        ratio="" if ratio is None else f"{ratio:.1%}",
        near=ratio is not None and abs(ratio - 1) <= _NEAR,
        verbs=[(VERBS[each.verb], coins(each.promised, one.currency), coins(each.came, one.currency))
               for each in one.verbs],
        left_out=[(each.name, each.reason) for each in one.left_out],
    )  # fmt: skip


def _panel(plan: Plan, out: Sequence[Row], kept: str = "") -> PlanPanel:
    def money(amount: Any) -> str:
        return coins(amount, plan.currency)

    days = (plan.end_ms - plan.start_ms) // 86_400_000
    return PlanPanel(
        plan.currency, money(plan.total), _range(plan.low, plan.high, plan.currency),
        money(plan.billed) if plan.billed else "",
        f"The last {days} days of the bill",
        [_row(one, plan.currency, taken=one.chosen) for one in plan.rows]
        + [_row(one, plan.currency, taken=False) for one in out],
        [(one.month, money(one.before), money(one.after), _range(one.low, one.high, plan.currency))
         for one in plan.invoices],
        plan.how, plan.notes, bool(out), kept,
    )  # fmt: skip


def _range(low: Decimal, high: Decimal, currency: str) -> str:
    """From the 10th to the 90th percentile; "" where nothing is uncertain."""
    return f"{coins(low, currency)} – {coins(high, currency)}" if low != high else ""


def _later(one: Row, currency: str) -> str:
    """What falls later: more than what falls now, with its day, or all of it."""
    if not one.later:
        return ""
    amount = coins(one.later, currency)
    return f"{amount} more on {to_datetime(one.later_ms):%Y-%m-%d}" if one.adds else amount


def _row(one: Row, currency: str, *, taken: bool) -> dict[str, Any]:
    more = f" and {len(one.names) - _NAMED} more" if len(one.names) > _NAMED else ""
    check = one.id.split("|")[1]
    return {
        "id": one.id,
        "verb": VERBS[one.verb],
        "names": ", ".join(one.names[:_NAMED]) + more,
        "check": check_name(check),
        "href": f"/advice/{one.findings[0]}" if len(one.findings) == 1 else link(
            "/advice", [("check", check), *([("team", one.owner)] if one.owner else [])]),
        "owner": one.owner,
        "alone": coins(one.alone, currency),
        "adds": coins(one.adds, currency) if taken else "–",
        "range": _range(one.low, one.high, currency) if taken else "",
        "offered": one.chosen,
        "out": one.chosen and not taken,
        "reason": one.reason if one.reason else "",
        "cash_from": one.cash_from,
        "later": _later(one, currency),
    }  # fmt: skip
