"""The room as doors, pages and jobs are given it."""

from collections.abc import Mapping
from functools import partial

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.cases import CaseStore
from trimtab.advice.gather.facts_reader import (
    FactsReader,
    OwnerFacet,
    Phases,
    ReadHabits,
    Watches,
    no_habits,
    no_phases,
)
from trimtab.advice.knobs import KnobStore
from trimtab.advice.ledger.grading import warnings
from trimtab.advice.ledger.keeper import Change, LedgerKeeper
from trimtab.advice.ledger.machines import OwnRates
from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.plan.kept import kept_plans
from trimtab.advice.plan.model import Plan
from trimtab.advice.purchases.facts import FactStore, ReservedRate, shares_of, sizes_of
from trimtab.advice.purchases.rates import published
from trimtab.advice.routine import Recompute, Routine
from trimtab.advice.rules import Rules, no_rules
from trimtab.advice.standing import Decision, Standing
from trimtab.advice.store import FindingStore
from trimtab.audit.conditions import AuditQuery
from trimtab.audit.read import AuditReader
from trimtab.base.clock import Clock
from trimtab.costs.room import CostsRoom
from trimtab.fleet.health.room import HealthReader
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.room import InventoryRoom
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State

_TURN_S = 20.0  # asks what is due; most often nothing is


class Means(Struct, frozen=True):
    """What the room needs of others: what there is, what it measured and cost, who watches it and who changed it.

    `owner` is what of the bill says whose a line is, `rules` what the allocation says of owners otherwise, `health`
    what faults ask for.
    """

    inventory: InventoryRoom
    reader: MetricReader
    registry: SeriesRegistry
    costs: CostsRoom
    audit: AuditReader
    watches: Watches
    owner: OwnerFacet
    hours: HoursReader | None = None
    rules: Rules = no_rules
    health: HealthReader | None = None
    phases: Phases = no_phases
    habits: ReadHabits = no_habits


class AdviceRoom(Struct, frozen=True):
    """Everything that may be asked of advice."""

    clock: Clock
    findings: FindingStore
    facts: FactsReader
    ledger: LedgerKeeper
    routine: Routine
    knobs: KnobStore
    cases: CaseStore
    lock: Lock

    @classmethod
    def of(cls, state: State, clock: Clock, means: Means) -> "AdviceRoom":
        """The room over a state database and its means."""
        findings, knobs = FindingStore(state, clock, means.rules), KnobStore(state)
        facts = FactsReader(
            means.inventory,
            means.reader,
            means.registry,
            means.costs,
            means.watches,
            means.owner,
            clock,
            means.hours,
            means.rules,
            means.health,
            means.phases,
            means.habits,
        )
        ledger = LedgerKeeper(
            LedgerStore(state),
            means.costs,
            partial(_last_change, means.audit),
            clock,
            partial(_plans, knobs),
            partial(_own_rates, FactStore(state, clock)),
        )
        routine = Routine(state, clock, findings, facts, ledger, knobs)
        lock = Lock(state, clock, "advice")
        return cls(clock, findings, facts, ledger, routine, knobs, CaseStore(state, clock), lock)

    @property
    def recomputing(self) -> list[Recompute]:
        """Further recommenders, which the nightly run calls."""
        return self.routine.recomputing

    async def decide(
        self, scope: Scope, id_: str, decision: Decision, who: str, reason: str = "", until_ms: int = 0
    ) -> Standing:
        """Say what is to become of a finding; what is accepted goes into the ledger. Raises InvalidInput, NotFound."""
        standing = await self.findings.decide(scope, id_, decision, who, reason, until_ms)
        if decision is Decision.ACCEPTED:
            await self.ledger.accepted(standing)
        else:
            await self.ledger.store.drop(id_)
        return standing

    async def warnings(self) -> Mapping[str, str]:
        """By check what is said beside its findings: that its predictions did not hold; checks whose did are left out.

        It names no resource and no money, so whoever sees a finding sees how all of its kind came out.
        """
        return warnings(await self.ledger.store.listed(EVERYTHING))

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        async def turn() -> None:
            if self.lock.held:
                await self.routine.turn()

        return [
            Job("hold the lock of advice", LEASE_MS / 3000, self.lock.renew),
            Job("compute advice", _TURN_S, turn),
        ]


async def _plans(knobs: KnobStore) -> list[Plan]:
    return (await kept_plans(knobs)).plans


async def _own_rates(facts: FactStore) -> OwnRates:
    said = await facts.listed(EVERYTHING)
    reserved = [one for one in said if isinstance(one, ReservedRate)]
    return OwnRates((*shares_of(said), *published()), sizes_of(reserved))


async def _last_change(audit: AuditReader, resource: str, start_ms: int, end_ms: int) -> Change | None:
    query = AuditQuery(start_ms, end_ms + 1, about=(resource,), changes_only=True)
    found = (await audit.page(EVERYTHING, query, 1)).events
    return Change(found[0].time_ms, found[0].name, found[0].user_name or "somebody") if found else None
