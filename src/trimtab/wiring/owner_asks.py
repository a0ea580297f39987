"""What owners are asked about, from the rooms that know it; and what answers do there."""

import json
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.actions.registry import Actuators
from trimtab.advice.room import AdviceRoom
from trimtab.advice.standing import Decision, Standing
from trimtab.asks.answering import Answering
from trimtab.asks.asking import Asking
from trimtab.asks.model import DAY_MS, Answer, Ask, Kind, Subject
from trimtab.asks.room import AsksRoom
from trimtab.asks.store import AskStore
from trimtab.base.clock import Clock
from trimtab.base.coins import coins, money
from trimtab.base.errors import Conflict
from trimtab.budgets.model import Budget
from trimtab.budgets.room import BudgetsRoom
from trimtab.economics.unit.idle.model import Cause, IdleRow
from trimtab.economics.unit.links import run_page
from trimtab.economics.unit.room import UnitCosts
from trimtab.inventory.owners import owner_of
from trimtab.inventory.runs.model import Run
from trimtab.jobs.lock import Lock
from trimtab.notify import kinds
from trimtab.settings import Settings
from trimtab.triggers.pipelines.by_hand import NAME as START
from trimtab.wiring.rooms import Rooms

LEAST_IDLE_HOURS = 4.0
"""GPU-hours that a run must have idled since yesterday began: below it an answer costs more than it saves."""
_NOT_IDLE = frozenset({Cause.PARTLY_ACTIVE})


class PipelineStop(Struct, frozen=True):
    """Stops what owners asked to stop by the one pipeline that the settings name."""

    settings: Settings
    actuators: Actuators

    @property
    def problem(self) -> str:
        """Why nothing can be stopped."""
        if self.settings.owner_stop_pipeline:
            return ""
        return "the settings allow no stop; TRIMTAB_OWNER_STOP_PIPELINE names the pipeline that may"

    async def stop(self, ask: Ask, who: str) -> str:
        """Start the pipeline, with what it is to stop as its input. Raises Conflict where it is not allowed."""
        if self.problem:
            raise Conflict(f"cannot stop it: {self.problem}")
        own, subject = self.settings, ask.subject
        target = f"{own.account_id}/{own.region}/{own.owner_stop_pipeline}"
        wish = {
            "reason": f"{ask.answered_by} asked to stop {subject.title}; {who} approved",
            "input": json.dumps({"kind": subject.kind.value, "owner": subject.owner, **subject.facts}),
            "request": f"{ask.id}/{ask.round}",
        }
        done = await self.actuators.run(START, target, wish, requested_by=who[:256], dry_run=False)
        return done.outcome


class Subjects(Struct, frozen=True):
    """What there is to ask about."""

    advice: AdviceRoom
    units: UnitCosts
    budgets: BudgetsRoom
    clock: Clock

    async def findings(self) -> list[Subject]:
        """Findings that have an owner and no decision."""
        return [
            finding_subject(one)
            for one in await self.advice.findings.listed(EVERYTHING)
            if one.finding.owner and one.decision in (Decision.NONE, Decision.SUPPRESSED)
        ]

    async def idle_runs(self) -> list[Subject]:
        """Runs that go on and idled since yesterday began."""
        now_ms = self.clock.now_ms()
        start_ms = (now_ms // DAY_MS - 1) * DAY_MS
        report = await self.units.idle(EVERYTHING, start_ms, start_ms + 2 * DAY_MS)
        ledger = await self.units.ledger(EVERYTHING, start_ms, start_ms + 2 * DAY_MS)
        return idle_subjects(report.rows, {name: run for name, run in ledger.holders.items() if run.ran_at(now_ms)})

    async def over_budget(self) -> list[Subject]:
        """Budgets that are passed, or are going to be, whose tags name an owner."""
        found = []
        for one in await self.budgets.store.listed(EVERYTHING):
            owner = owner_of(await self.budgets.tags.of(EVERYTHING, one.arn))
            if owner and (subject := budget_subject(one, owner)) is not None:
                found.append(subject)
        return found


def finding_subject(one: Standing) -> Subject:
    """A finding to ask about."""
    finding = one.finding
    cash = "" if finding.cash is None else f"{money(finding.cash, finding.currency)} a month on the invoice"
    hours = f"{finding.gpu_hours:,.0f} GPU-hours a month" if finding.gpu_hours else ""
    worth = ", ".join(part for part in (cash, hours) if part)
    parts = (worth, f"Yours because: {finding.owner_reason}" if finding.owner_reason else "", finding.fix)
    return Subject(
        kind=Kind.FINDING,
        id=finding.id,
        owner=finding.owner,
        account=finding.account,
        title=f"{finding.name}: {finding.summary}",
        text="\n".join(part for part in parts if part),
        link=f"/advice/{finding.id}",
        worth=finding.cash,
        currency=finding.currency,
    )


def idle_subjects(rows: Sequence[IdleRow], running: dict[str, Run]) -> list[Subject]:
    """Idle runs to ask about: what each idled for any cause, where it is enough."""
    by_holder: dict[tuple[str, str], list[IdleRow]] = defaultdict(list)
    for row in rows:
        if row.holder in running and row.team and row.cause not in _NOT_IDLE:
            by_holder[row.holder, row.currency].append(row)
    found = []
    for (holder, currency), mine in sorted(by_holder.items()):
        hours = sum(row.gpu_hours for row in mine)
        if hours < LEAST_IDLE_HOURS:
            continue
        run, cost = running[holder], sum((row.cost for row in mine), Decimal(0))
        name = run.name or run.key.job
        found.append(
            Subject(
                kind=Kind.RUN,
                id=f"{holder}/{currency}",
                owner=mine[0].team,
                account=run.key.account,
                title=f"{name}: {hours:,.0f} idle GPU-hours since yesterday, {money(cost, currency)}",
                text="\n".join(f"{row.cause.value}: {row.gpu_hours:,.1f} GPU-hours. {row.evidence}" for row in mine),
                link=run_page(run),
                worth=cost,
                currency=currency,
                facts={"account": run.key.account, "cluster": run.key.cluster, "job": run.key.job,
                       "scheduler": run.scheduler, "name": run.name, "user": run.user},
            )
        )  # fmt: skip
    return found


def budget_subject(budget: Budget, owner: str) -> Subject | None:
    """A budget to ask about: once a period; None for one that holds."""
    standing = budget.standing
    if standing is None or standing.limit is None:
        return None
    limit, said = standing.limit, ""
    if standing.actual is not None and standing.actual.amount > limit.amount:
        said = f"{coins(standing.actual.amount, limit.unit)} of {money(limit.amount, limit.unit)} are spent"
    elif standing.forecast is not None and standing.forecast.amount > limit.amount:
        ahead = coins(standing.forecast.amount, limit.unit)
        said = f"{ahead} are expected, the limit is {money(limit.amount, limit.unit)}"
    if not said:
        return None
    return Subject(
        kind=Kind.BUDGET,
        id=f"{budget.account}/{budget.name}/{standing.start_ms}",
        owner=owner,
        account=budget.account,
        title=f"Budget {budget.name}: {said}",
        link="/budgets",
    )


def owner_asks(rooms: Rooms) -> AsksRoom:
    """What asks owners about findings, idle runs and budgets, by channels of the installation's account."""
    settings, state, clock, advice = rooms.settings, rooms.stores.state, rooms.clock, rooms.advice
    subjects = Subjects(advice, rooms.units, rooms.budgets, clock)

    async def reached() -> frozenset[str]:
        found = await rooms.notify.channels.list(settings.account_id)
        return frozenset(owner for channel, _ in found for owner in kinds.owners(channel.options))

    async def decide(ask: Ask, answer: Answer, who: str, until_ms: int) -> None:
        if answer is Answer.SNOOZE:
            reason = "put off by its owner"
            await advice.decide(EVERYTHING, ask.subject.id, Decision.SUPPRESSED, who, reason, until_ms)
        elif answer is Answer.DONE:
            await advice.decide(EVERYTHING, ask.subject.id, Decision.ACCEPTED, who, "done, its owner says")

    store = AskStore(state)
    reads = {Kind.FINDING: subjects.findings, Kind.RUN: subjects.idle_runs, Kind.BUDGET: subjects.over_budget}
    asking = Asking(state, clock, reads, reached, Lock(state, clock, "owner asks"))
    stopper = PipelineStop(settings, rooms.actuators)
    return AsksRoom(store, asking, Answering(state, clock, store, stopper, {Kind.FINDING: decide}))
