"""The room's objects as the REST API's."""

from collections.abc import Mapping
from decimal import Decimal

from trimtab.advice.backtest.model import Backtest
from trimtab.advice.check import Check
from trimtab.advice.ledger.grading import Record, by_check, by_month, by_verb
from trimtab.advice.ledger.keeper import total
from trimtab.advice.ledger.model import Entry
from trimtab.advice.plan.model import Plan
from trimtab.advice.plan.presented import PlansTogether
from trimtab.advice.recommenders import Recommender
from trimtab.advice.standing import Changes, CheckRun, Standing
from trimtab.advice.together import check_name
from trimtab.client import advice_wire as wire


def advice_answer(standing: Standing, warnings: Mapping[str, str]) -> wire.Advice:
    """A finding as it stands; `warnings` by check say where its predictions did not hold."""
    one = standing.finding
    return wire.Advice(
        one.id,
        one.check,
        check_name(one.check),
        one.pillar.value,
        one.status.value,
        one.resource,
        one.kind,
        one.name,
        one.account,
        one.region,
        one.owner,
        one.owner_reason,
        one.machine,
        one.summary,
        text(one.cash),
        one.currency,
        one.cash_note,
        text(one.alone),
        text(one.cost),
        one.cost_note,
        one.gpu_hours,
        one.confidence,
        one.effort.value,
        one.action.value,
        one.restart,
        one.rollback,
        one.current,
        one.advised,
        one.fix,
        [wire.AdviceEvidence(fact.name, fact.value, fact.url) for fact in one.evidence],
        dict(one.tags),
        standing.state.value,
        standing.first_ms,
        standing.last_ms,
        standing.changed_ms,
        standing.decision.value,
        standing.decided_by,
        standing.decided_ms,
        standing.reason,
        standing.until_ms,
        warnings.get(one.check, ""),
    )


def plan_answer(one: Plan) -> wire.AdvicePlan:
    """A plan."""
    rows = [
        wire.PlanRow(
            row.id, row.verb.value, list(row.names), row.owner, f"{row.alone:f}", f"{row.adds:f}", f"{row.low:f}",
            f"{row.high:f}", row.chosen, row.reason, row.later_ms, list(row.findings), row.cash_from, f"{row.later:f}",
        )
        for row in one.rows
    ]  # fmt: skip
    invoices = [
        wire.PlanInvoice(
            each.month, f"{each.before:f}", f"{each.after:f}", f"{each.low:f}", f"{each.high:f}",
        )
        for each in one.invoices
    ]  # fmt: skip
    return wire.AdvicePlan(
        one.made_ms, one.currency, one.start_ms, one.end_ms, f"{one.billed:f}", f"{one.total:f}", f"{one.low:f}",
        f"{one.high:f}", rows, invoices, one.how, list(one.notes), f"{one.expected:f}",
    )  # fmt: skip


def together_answer(one: PlansTogether | None) -> wire.PlansTogether | None:
    """All plans in one currency."""
    if one is None:
        return None
    total, low, high, billed = (f"{one.sum(name):f}" for name in ("total", "low", "high", "billed"))
    parts = [
        wire.PlanPart(
            part.currency, f"{part.original:f}", f"{part.total:f}", None if part.rate is None else f"{part.rate:f}",
            None if part.day is None else part.day.isoformat(), list(part.sources),
        )
        for part in one.parts
    ]  # fmt: skip
    return wire.PlansTogether(one.currency, total, low, high, billed, parts, dict(one.missing))


def backtest_answer(one: Backtest) -> wire.PlanBacktest:
    """What a past plan came to."""
    return wire.PlanBacktest(
        currency=one.currency,
        as_of_ms=one.as_of_ms,
        days=one.days,
        findings=one.findings,
        promised=f"{one.promised:f}",
        low=f"{one.low:f}",
        high=f"{one.high:f}",
        came=f"{one.came:f}",
        at_prices=f"{one.at_prices:f}",
        ratio=one.ratio,
        verbs=[wire.PlanVerb(each.verb, f"{each.promised:f}", f"{each.came:f}") for each in one.verbs],
        left_out=[wire.PlanLeftOut(each.name, each.reason) for each in one.left_out],
        made_ms=one.made_ms,
    )


def check_answer(one: Check | Recommender, run: CheckRun | None, knobs: Mapping[str, float]) -> wire.AdviceCheck:
    """A check and how it went."""
    settings = [
        wire.CheckSetting(
            knob.name, knobs.get(knob.name, knob.default), knob.default, knob.unit, knob.meaning, knob.source
        )
        for knob in one.settings
    ]
    ran = run or CheckRun(one.id)
    fix, kinds = (one.fix, list(one.kinds)) if isinstance(one, Check) else ("", [])
    return wire.AdviceCheck(
        one.id,
        one.name,
        one.pillar.value,
        one.about,
        one.alert,
        one.source,
        one.action.value,
        one.effort.value,
        fix,
        kinds,
        settings,
        ran.ran_ms,
        ran.looked_at,
        ran.flagged,
        dict(ran.undecided),
        ran.problem,
    )


def changes_answer(changes: Changes) -> wire.AdviceChanges:
    """What a recomputation changed."""
    return wire.AdviceChanges(list(changes.new), list(changes.gone), list(changes.changed))


def savings_answer(entries: list[Entry]) -> wire.Savings:
    """The ledger."""
    saved = {currency: f"{amount:f}" for currency, amount in total(entries).items()}
    return wire.Savings(
        [_entry(one) for one in entries],
        saved,
        [_record(one) for one in by_month(entries)],
        [_record(one) for one in by_verb(entries)],
        [_record(one) for one in by_check(entries)],
    )


def _record(one: Record) -> wire.SavingsRecord:
    return wire.SavingsRecord(
        name=one.name,
        currency=one.currency,
        lines=one.lines,
        applied=one.applied,
        measured=one.measured,
        taken=f"{one.taken:f}",
        predicted=f"{one.predicted:f}",
        realised=f"{one.realised:f}",
        cases=one.cases,
        ratio=one.ratio,
        low=one.low,
        high=one.high,
        mean_error=one.mean_error,
        warning=one.words,
    )


def _entry(one: Entry) -> wire.SavingsEntry:
    found = one.counterfactual
    return wire.SavingsEntry(
        one.finding,
        one.check,
        one.resource,
        one.account,
        one.owner,
        one.state.value,
        one.accepted_ms,
        one.applied_ms,
        one.proof,
        text(one.predicted),
        one.predicted_gpu_hours,
        text(one.realised),
        text(one.realised_total),
        one.currency,
        one.grade.value,
        f"{found.before:.4f}" if found else None,
        f"{found.after:.4f}" if found else None,
        found.trend if found else None,
        found.peers if found else 0,
        found.days_after if found else 0,
        one.verb,
        one.planned_ms,
        found.replayed if found else False,
    )


def text(amount: Decimal | None) -> str | None:
    """An amount as decimal text."""
    return None if amount is None else f"{amount:f}"
