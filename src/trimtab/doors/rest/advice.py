"""`/rest/v1/advice…`: findings, decisions on them, checks, recomputations and the savings ledger."""

import csv
import io
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.advice.backtest.room import BacktestRoom
from trimtab.advice.catalogue import catalogue, check
from trimtab.advice.check import Check
from trimtab.advice.plan.room import PlanRoom
from trimtab.advice.recommenders import RECOMMENDERS, Recommender
from trimtab.advice.room import AdviceRoom
from trimtab.advice.standing import Decision, Standing, State, Wanted
from trimtab.advice.together import check_name
from trimtab.base.clock import iso
from trimtab.client import advice_wire as wire
from trimtab.doors.rest.advice_answers import (
    advice_answer,
    backtest_answer,
    changes_answer,
    check_answer,
    plan_answer,
    savings_answer,
    together_answer,
)
from trimtab.doors.rest.spec import Call, NoQuery, Operation, Text

_PATH = "/rest/v1/advice"
_TAG = "advice"
_ID: Mapping[str, str] = {"id": "The id of the finding."}
_DECISIONS = {"reopened": Decision.NONE, **{one.value: one for one in Decision if one}}
Word = Annotated[str, Meta(max_length=256)]
COLUMNS = (
    "id", "check", "check name", "pillar", "status", "resource", "owner", "summary", "cash a month", "currency",
    "cash note", "GPU-hours a month", "confidence", "effort", "decision", "since", "fix", "warning",
)  # fmt: skip


class Which(Struct, frozen=True, forbid_unknown_fields=True):
    """Filters; what is left out asks for nothing. `state` is active, resolved or all."""

    check: Word = ""
    pillar: Word = ""
    owner: Word = ""
    kind: Word = ""
    effort: Word = ""
    decision: Word = ""
    text: Word = ""
    state: Annotated[str, Meta(pattern="^(active|resolved|all)$")] = State.ACTIVE.value
    hidden: bool = False
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class Without(Struct, frozen=True, forbid_unknown_fields=True):
    """Ids of findings, with commas, that are not to be done, and the currency of the plan that is asked for then.

    Without ids it is the currency in which all plans are told together; the presentation currency where it is not
    given.
    """

    without: Annotated[str, Meta(max_length=20_000)] = ""
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$|^$")] = ""


def operations(room: AdviceRoom, plan: PlanRoom | None = None, backtest: BacktestRoom | None = None) -> list[Operation]:
    """The operations on advice."""
    planned = [*(_of_plan(plan) if plan else []), *(_of_backtest(backtest) if backtest else [])]
    return [*_of_findings(room), *_of_checks(room), *_of_routine(room), *planned]


def _of_backtest(room: BacktestRoom) -> list[Operation]:
    async def backtests(call: Call[NoQuery, None]) -> wire.PlanBacktests:
        return wire.PlanBacktests([backtest_answer(one) for one in await room.seen(call.principal.scope)])

    return [
        Operation(
            "GET",
            "/rest/v1/advice-plan-backtest",
            "get the plan's backtest",
            "What the plans of 30 and of 7 days ago, made of what was known then, promised and came to.",
            backtests,
            wire.PlanBacktests,
            role=Role.FINANCE,
            tag=_TAG,
        )
    ]


def _of_plan(room: PlanRoom) -> list[Operation]:
    async def plans(call: Call[Without, None]) -> wire.AdvicePlans:
        left_out = [one for one in call.query.without.split(",") if one]
        scope = call.principal.scope
        if not left_out:
            seen = await room.seen(scope)
            whole = await room.together(seen, call.query.currency)
            return wire.AdvicePlans([plan_answer(one) for one in seen], together_answer(whole))
        return wire.AdvicePlans([plan_answer(await room.without(scope, call.query.currency, left_out))])

    return [
        Operation(
            "GET",
            "/rest/v1/advice-plan",
            "get the plan",
            "The best set of actions, what each is worth alone and adds, and the next three invoices; `without` leaves "
            "findings out. Plans of several currencies are told in one too.",
            plans,
            wire.AdvicePlans,
            Without,
            role=Role.FINANCE,
            tag=_TAG,
        )
    ]


def wanted_of(query: Which) -> Wanted:
    """The filters as the store takes them."""
    state = "" if query.state == "all" else query.state
    parts = query.check, query.pillar, query.owner, query.kind, query.effort, query.decision, query.text
    return Wanted(*parts, state, query.hidden)


def csv_of(found: list[Standing], warnings: Mapping[str, str]) -> str:
    """Findings as CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in found:
        finding = one.finding
        cash = "" if finding.cash is None else f"{finding.cash:f}"
        row = finding.id, finding.check, check_name(finding.check), finding.pillar.value, finding.status.value
        more = finding.resource, finding.owner, finding.summary, cash, finding.currency, finding.cash_note
        rest = f"{finding.gpu_hours:g}", f"{finding.confidence:g}", finding.effort.value, one.decision.value
        writer.writerow((*row, *more, *rest, iso(one.first_ms), finding.fix, warnings.get(finding.check, "")))
    return out.getvalue()


def _of_findings(room: AdviceRoom) -> list[Operation]:
    async def listed(call: Call[Which, None]) -> wire.AdviceList:
        found = await room.findings.listed(call.principal.scope, wanted_of(call.query))
        warnings = await room.warnings()
        return wire.AdviceList([advice_answer(one, warnings) for one in found[: call.query.limit]], len(found))

    async def as_csv(call: Call[Which, None]) -> Text:
        found = await room.findings.listed(call.principal.scope, wanted_of(call.query))
        return Text(csv_of(found[: call.query.limit], await room.warnings()), "text/csv; charset=utf-8")

    async def get(call: Call[NoQuery, None]) -> wire.Advice:
        standing = await room.findings.get(call.principal.scope, call.path["id"])
        return advice_answer(standing, await room.warnings())

    async def decide(call: Call[NoQuery, wire.Decide]) -> wire.Advice:
        body, who = call.body, call.principal.name
        decision = _DECISIONS[body.decision]
        standing = await room.decide(
            call.principal.scope, call.path["id"], decision, who, body.reason, body.until_ms or 0
        )
        return advice_answer(standing, await room.warnings())

    async def decisions(call: Call[NoQuery, None]) -> wire.AdviceDecisions:
        found = await room.findings.decisions(call.principal.scope, call.path["id"])
        names = ("decision", "who", "at_ms", "reason", "until_ms")
        return wire.AdviceDecisions([wire.AdviceDecision(*(one[name] for name in names)) for one in found])

    one: Any = {"path_parameters": _ID, "errors": (404,), "tag": _TAG}
    return [
        Operation(
            "GET", _PATH, "list advice", "Findings, best first.", listed, wire.AdviceList, Which, tag=_TAG, bound=True
        ),
        Operation(
            "GET",
            "/rest/v1/advice.csv",
            "list advice as CSV",
            "The same as CSV.",
            as_csv,
            None,
            Which,
            media_type="text/csv",
            tag=_TAG,
            bound=True,
        ),
        Operation("GET", f"{_PATH}/{{id}}", "get advice", "One finding.", get, wire.Advice, **one, bound=True),
        Operation(
            "POST",
            f"{_PATH}/{{id}}/decision",
            "decide on advice",
            "Accept, dismiss, suppress (with a reason, until a time) or reopen a finding.",
            decide,
            wire.Advice,
            body=wire.Decide,
            role=Role.WRITE,
            **one,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_PATH}/{{id}}/decisions",
            "list decisions on advice",
            "What was decided, in order.",
            decisions,
            wire.AdviceDecisions,
            **one,
            bound=True,
        ),
    ]


def _of_checks(room: AdviceRoom) -> list[Operation]:
    async def listed(call: Call[NoQuery, None]) -> wire.AdviceChecks:
        ran, knobs = await room.findings.checks(call.principal.scope), await room.knobs.all()
        every: list[Check | Recommender] = [*catalogue().values(), *RECOMMENDERS]
        return wire.AdviceChecks([check_answer(one, ran.get(one.id), knobs.get(one.id, {})) for one in every])

    async def put(call: Call[NoQuery, wire.SetCheck]) -> wire.AdviceCheck:
        id_ = call.path["id"]
        knobs = await room.knobs.set(id_, dict(call.body.settings))
        return check_answer(check(id_), (await room.findings.checks(call.principal.scope)).get(id_), knobs)

    return [
        Operation(
            "GET",
            "/rest/v1/advice-checks",
            "list checks",
            "Every check with its thresholds, their sources, and how it went the last time.",
            listed,
            wire.AdviceChecks,
            tag=_TAG,
        ),
        Operation(
            "PUT",
            "/rest/v1/advice-checks/{id}",
            "set thresholds of a check",
            "Change thresholds; those not named go back to their defaults.",
            put,
            wire.AdviceCheck,
            body=wire.SetCheck,
            path_parameters={"id": "The id of the check."},
            role=Role.WRITE,
            errors=(404,),
            tag=_TAG,
        ),
    ]


def _of_routine(room: AdviceRoom) -> list[Operation]:
    async def refresh(call: Call[NoQuery, wire.Refresh]) -> wire.AdviceChanges:
        ids = [check(id_).id for id_ in call.body.checks]
        return changes_answer(await room.routine.recompute(ids))

    async def runs(call: Call[NoQuery, None]) -> wire.AdviceRuns:
        del call
        found = await room.findings.runs()
        return wire.AdviceRuns(
            [wire.AdviceRun(one.at_ms, one.took_ms, one.what, changes_answer(one.changes)) for one in found]
        )

    async def savings(call: Call[NoQuery, None]) -> wire.Savings:
        return savings_answer(await room.ledger.store.listed(call.principal.scope))

    return [
        Operation(
            "POST",
            "/rest/v1/advice-runs",
            "compute advice now",
            "Judge checks on facts of now, as every night.",
            refresh,
            wire.AdviceChanges,
            body=wire.Refresh,
            role=Role.WRITE,
            errors=(404,),
            tag=_TAG,
        ),
        Operation(
            "GET",
            "/rest/v1/advice-runs",
            "list recomputations",
            "What changed, run by run.",
            runs,
            wire.AdviceRuns,
            tag=_TAG,
        ),
        Operation(
            "GET",
            "/rest/v1/advice-savings",
            "get the savings ledger",
            "Advice that was accepted and applied, what it saved against its counterfactual, and how the plan, its "
            "verbs and its checks predicted.",
            savings,
            wire.Savings,
            role=Role.FINANCE,
            tag=_TAG,
            bound=True,
        ),
    ]
