"""The room as doors, pages and jobs are given it."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.budgets.actions import ActionStore, upcoming
from trimtab.budgets.evaluator import BudgetEvaluator
from trimtab.budgets.executing import Executing
from trimtab.budgets.filters import ReadFilter
from trimtab.budgets.live import NOT_LIVE, LiveCosts
from trimtab.budgets.measure import Measure
from trimtab.budgets.notifications import NotificationStore
from trimtab.budgets.performance import Performance
from trimtab.budgets.store import BudgetStore
from trimtab.budgets.tags import TagStore
from trimtab.budgets.telling import Mail
from trimtab.costs.room import CostsRoom
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.store.state.database import State

_JUDGE_S = 10.0  # asks what is due; most often nothing is
_EXECUTE_S = 2.0


class Means(Struct, frozen=True):
    """What the room needs of others: the bill, the registry of actions, the mail, how filters are read, and what is
    not billed yet."""

    costs: CostsRoom
    generation: Callable[[], Awaitable[int]]
    actuators: Actuators
    mail: Mail
    read: ReadFilter
    live: LiveCosts = NOT_LIVE


class BudgetsRoom(Struct, frozen=True):
    """Everything that may be asked of budgets."""

    clock: Clock
    store: BudgetStore
    notifications: NotificationStore
    actions: ActionStore
    tags: TagStore
    performance: Performance
    evaluator: BudgetEvaluator
    executing: Executing
    lock: Lock

    @classmethod
    def of(cls, state: State, clock: Clock, means: Means) -> "BudgetsRoom":
        """The room over a state database and the bill."""
        costs = means.costs
        measure = Measure(costs.reader, costs.explorer, costs.outlooks, means.read, clock, means.live, costs.currencies)
        return cls(
            clock,
            BudgetStore(state, clock, means.read),
            NotificationStore(state, clock),
            ActionStore(state, clock),
            TagStore(state),
            Performance(state, clock, measure),
            BudgetEvaluator(state, clock, measure, means.generation, means.mail),
            Executing(state, clock, means.actuators, means.mail),
            Lock(state, clock, "budgets"),
        )

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        async def judge() -> None:
            if self.lock.held:
                await self.evaluator.turn()

        actions = upcoming(self.executing.state)

        async def execute() -> None:
            if self.lock.held and await actions.due(self.clock.now_ms()):
                await self.executing.turn()

        return [
            Job("hold the lock of the budgets", LEASE_MS / 3000, self.lock.renew),
            Job("judge budgets", _JUDGE_S, judge),
            Job("execute actions of budgets", _EXECUTE_S, execute),
        ]
