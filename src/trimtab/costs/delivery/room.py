"""Exports of the bill as doors and jobs are given them."""

from typing import Any

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.partitions import partition_of
from trimtab.costs.delivery.deliver import Deliverer, Write
from trimtab.costs.delivery.model import Definition, Execution, Kind
from trimtab.costs.delivery.store import ExportStore
from trimtab.costs.delivery.wanted import wanted
from trimtab.costs.delivery.writing import BillWriter
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

_LOOK_S = 5.0  # asks whether the bill changed; most often it did not


class BillExports(Struct, frozen=True):
    """Everything that may be asked of exports."""

    store: ExportStore
    deliverer: Deliverer
    lock: Lock
    clock: Clock

    @classmethod
    def of(cls, state: State, telemetry: Telemetry, ledger: ImportLedger, clock: Clock, write: Write) -> "BillExports":
        """The room over open stores; `write` writes an object of a bucket."""
        store = ExportStore(state, clock)
        deliverer = Deliverer(store, ledger, BillWriter(telemetry), write)
        return cls(store, deliverer, Lock(state, clock, "bill exports"), clock)

    async def create(self, one: Definition) -> Definition:
        """Keep a definition; it is delivered soon. Raises InvalidInput, Conflict, LimitExceeded."""
        wanted(one.kind, one.form)
        return await self.store.create(one)

    async def update(self, one: Definition) -> None:
        """Change a definition; it is delivered again. Raises InvalidInput, NotFound, Conflict."""
        wanted(one.kind, one.form)
        await self.store.update(one)

    async def last(self, arn: str) -> Execution | None:
        """The last delivery of a definition."""
        ran = await self.store.executions(arn)
        return ran[0] if ran else None

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""
        begun: list[Any] = []

        async def turn() -> None:
            if not self.lock.held:
                return
            if not begun:
                await self.store.cut_short()
                begun.append(True)
            await self.deliverer.turn(self.clock.now_ms())

        return [
            Job("hold the lock of the exports of bills", LEASE_MS / 3000, self.lock.renew),
            Job("deliver exports of bills", _LOOK_S, turn),
        ]


def arn_of(kind: Kind, account: str, region: str, name: str, id_: str) -> str:
    """The name of a definition among all."""
    if kind is Kind.EXPORT:
        return f"arn:{partition_of(region)}:bcm-data-exports:{region}:{account}:export/{name}-{id_}"
    return f"arn:{partition_of(region)}:cur:{region}:{account}:definition/{name}"
