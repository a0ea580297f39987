"""Findings, ledger lines and checks as the pages show them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimtab.access.scope import Scope
from trimtab.advice.catalogue import catalogue
from trimtab.advice.check import Check
from trimtab.advice.complete import SAVES_NOTHING
from trimtab.advice.finding import Finding, Pillar
from trimtab.advice.knobs import KnobStore
from trimtab.advice.ledger.grading import Record
from trimtab.advice.ledger.model import Entry
from trimtab.advice.recommenders import RECOMMENDERS, Recommender
from trimtab.advice.room import AdviceRoom
from trimtab.advice.standing import CheckRun, Standing, State
from trimtab.advice.together import Together, check_name, together
from trimtab.base.coins import coins
from trimtab.figures.areas import advice as figures
from trimtab.web import format as words
from trimtab.web.tiles import Tile

PILLARS = {
    Pillar.COST: "Cost",
    Pillar.PERFORMANCE: "Performance",
    Pillar.FAULT_TOLERANCE: "Fault tolerance",
    Pillar.SECURITY: "Security",
    Pillar.LIMITS: "Service limits",
    Pillar.OPERATIONS: "Operations",
}
"""The pillars as people call them."""
EFFORTS = {"VeryLow": "very low", "Low": "low", "Medium": "medium", "High": "high", "VeryHigh": "very high"}


def money(amount: Decimal | None, currency: str) -> str:
    """An amount with its currency; "not known" where it is not."""
    return "not known" if amount is None else f"{coins(amount, currency)} {currency}"


def row(standing: Standing, warnings: Mapping[str, str]) -> dict[str, Any]:
    """A finding in a list; `warnings` by check say where its predictions did not hold."""
    one = standing.finding
    return {
        "id": one.id,
        "href": f"/advice/{one.id}",
        "name": one.name,
        "kind": one.kind,
        "summary": one.summary,
        "check": one.check,
        "check_name": check_name(one.check),
        "pillar": PILLARS[one.pillar],
        "status": one.status.value,
        "owner": one.owner,
        "cash": None if one.cash is None else float(one.cash),
        "cash_text": "–" if one.cash_note == SAVES_NOTHING else money(one.cash, one.currency),
        "cash_note": one.cash_note,
        "warning": warnings.get(one.check, ""),
        "gpu_hours": one.gpu_hours,
        "confidence": one.confidence,
        "effort": EFFORTS[one.effort.value],
        "account": one.account,
        "region": one.region,
        "state": standing.state.value,
        "decision": standing.decision.value,
        "reason": standing.reason,
        "until_ms": standing.until_ms,
        "first_ms": standing.first_ms,
        "last_ms": standing.last_ms,
    }


def work_row(one: Together, warnings: Mapping[str, str]) -> dict[str, Any]:
    """Findings that are one piece of work, as a line of the best things to do."""
    first = one.findings[0].finding
    nothing = all(each.finding.cash_note == SAVES_NOTHING for each in one.findings)
    return {
        "href": one.path,
        "name": one.name,
        "summary": one.summary,
        "check_name": check_name(one.check),
        "status": one.status.value,
        "owner": one.owner,
        "cash": None if one.cash is None else float(one.cash),
        "cash_text": "–" if nothing else money(one.cash, one.currency),
        "cash_note": first.cash_note,
        "warning": warnings.get(one.check, ""),
        "gpu_hours": one.gpu_hours,
        "confidence": one.confidence,
        "effort": EFFORTS[one.effort.value],
    }


async def saving_most(room: AdviceRoom | None, scope: Scope, most: int) -> dict[str, Any]:
    """`best`: the open pieces of work that save the most cash, and of equals GPU-hours; none that saves neither.

    `best_sums`: what all that is open saves together, by currency: the total of the plan.
    """
    if room is None:
        return {"best": [], "best_sums": []}
    active = [one for one in await room.findings.listed(scope) if one.state is State.ACTIVE]
    found = together(active)
    worth = [one for one in found if (one.cash or 0) > 0 or one.gpu_hours > 0]
    worth.sort(key=lambda one: (one.cash or 0, one.gpu_hours), reverse=True)
    warnings = await room.warnings()
    return {"best": [work_row(one, warnings) for one in worth[:most]], "best_sums": sums(active)}


def whole(standing: Standing, warnings: Mapping[str, str]) -> dict[str, Any]:
    """A finding on its own page."""
    one = standing.finding
    known = catalogue().get(one.check)
    return {
        **row(standing, warnings),
        "resource": one.resource,
        "owner_reason": one.owner_reason,
        "machine": one.machine,
        "cost_note": one.cost_note,
        "evidence": one.evidence,
        "cost_text": money(one.cost, one.currency) if one.cost is not None else "",
        "fix": one.fix,
        "current": one.current,
        "advised": one.advised,
        "restart": one.restart,
        "rollback": one.rollback,
        "tags": dict(one.tags),
        "about": known.about if known else "",
        "alert": known.alert if known else "",
        "source": known.source if known else "",
        "decided_by": standing.decided_by,
        "decided_ms": standing.decided_ms,
    }


def tiles(one: Finding) -> list[Tile]:
    """What a finding is worth a month, and how sure its check is."""
    currency = one.currency if one.cash and one.cash_note != SAVES_NOTHING else ""
    freed = words.count(round(one.gpu_hours))
    return [
        Tile(figures.CASH, _value(one), currency, one.cash_note),
        Tile(figures.GPU_HOURS, freed, "h", "a month"),
        Tile(figures.CONFIDENCE, f"{one.confidence * 100:.0f}", "%", f"effort {EFFORTS[one.effort.value]}"),
    ]


def _value(one: Finding) -> str:
    if one.cash_note == SAVES_NOTHING:
        return "–"
    return "not known" if one.cash is None else coins(one.cash, one.currency)


def sums(found: Sequence[Standing]) -> list[tuple[str, str]]:
    """Cash a month of findings, by currency."""
    total: dict[str, Decimal] = {}
    for one in found:
        if one.finding.cash:
            total[one.finding.currency] = total.get(one.finding.currency, Decimal(0)) + one.finding.cash
    return [(coins(amount, currency), currency) for currency, amount in sorted(total.items())]


def entry_row(one: Entry) -> dict[str, Any]:
    """A line of the ledger."""
    found = one.counterfactual
    return {
        "href": f"/advice/{one.finding}",
        "name": one.resource.split("/", 4)[-1],
        "check": one.check,
        "check_name": check_name(one.check),
        "owner": one.owner,
        "verb": one.verb,
        "state": one.state.value,
        "accepted_ms": one.accepted_ms,
        "applied_ms": one.applied_ms,
        "proof": one.proof,
        "predicted": money(one.predicted, one.currency),
        "realised": "" if one.realised is None else money(one.realised, one.currency),
        "total": "" if one.realised_total is None else money(one.realised_total, one.currency),
        "gpu_hours": one.predicted_gpu_hours,
        "grade": one.grade.value,
        "against": ""
        if found is None
        else f"{found.before:.2f} a day before, {found.after:.2f} since{' at list prices' if found.replayed else ''}; "
        f"{found.peers} comparable ones moved by {found.trend - 1:+.0%}; {found.days_after} days"
        f"{'; the invoice replayed with it' if found.replayed else ''}",
    }


def record_row(one: Record, name: str) -> dict[str, Any]:
    """How predictions of a check, a verb or a month came out."""
    spread = "" if one.low is None or one.high is None else f"{one.low:.2f} – {one.high:.2f}"
    return {
        "name": name,
        "lines": one.lines,
        "applied": one.applied,
        "measured": one.measured,
        "taken": money(one.taken, one.currency),
        "predicted": money(one.predicted, one.currency) if one.measured else "–",
        "realised": money(one.realised, one.currency) if one.measured else "–",
        "ratio": "–" if one.ratio is None else f"{one.ratio:.2f}",
        "range": spread,
        "cases": one.cases,
        "warning": one.words,
    }


async def check_rows(knobs: KnobStore, ran: dict[str, CheckRun]) -> list[dict[str, Any]]:
    """Every check of the catalogue, with its thresholds as they are."""
    changed = await knobs.all()
    every: list[Check | Recommender] = [*catalogue().values(), *RECOMMENDERS]
    return [_check_row(one, ran.get(one.id), changed.get(one.id, {})) for one in every]


def _check_row(one: Check | Recommender, run: CheckRun | None, changed: dict[str, float]) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "pillar": PILLARS[one.pillar],
        "pillar_id": one.pillar.value,
        "about": one.about,
        "alert": one.alert,
        "source": one.source,
        "action": one.action.value,
        "effort": EFFORTS[one.effort.value],
        "fix": one.fix if isinstance(one, Check) else "",
        "settings": [(knob, changed.get(knob.name, knob.default)) for knob in one.settings],
        "examples": _examples(one) if isinstance(one, Check) else [],
        "run": run,
        "reads": ", ".join([*one.kinds, *(ask.shown for ask in one.asks)]) if isinstance(one, Check) else "",
    }


def _examples(one: Check) -> list[tuple[str, str]]:
    three = one.examples
    return [
        ("found", three.positive.says),
        ("in order", three.negative.says),
        ("not enough data", three.undecided.says),
    ]
