"""The registry that Cost Explorer's operations join, what they are given, and the reads that they share."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.base.clock import Clock
from trimtab.base.errors import QueryAborted
from trimtab.costs.allocation_tags import AllocationTags
from trimtab.costs.anomalies.room import CostAnomalies
from trimtab.costs.explorer.explorer import Explorer
from trimtab.costs.model import CostQuery, CostRow
from trimtab.costs.outlook import Outlooks
from trimtab.costs.read import CostReader
from trimtab.costs.room import CostsRoom
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Function, Operations, Request
from trimtab.economics.rules.store import RulesStore


class CostExplorerRooms(Struct, frozen=True):
    """What Cost Explorer asks. `generation` changes whenever an import or a rule changes what is answered."""

    reader: CostReader
    explorer: Explorer
    outlooks: Outlooks
    generation: Callable[[], Awaitable[int]]
    clock: Clock
    allocation_tags: AllocationTags
    rules: RulesStore | None = None
    anomalies: CostAnomalies | None = None
    purchases: PurchasesRoom | None = None
    rightsizing: RightsizingRoom | None = None

    @classmethod
    def of(
        cls,
        room: CostsRoom,
        clock: Clock,
        rules: RulesStore | None = None,
        anomalies: CostAnomalies | None = None,
        purchases: PurchasesRoom | None = None,
        rightsizing: RightsizingRoom | None = None,
    ) -> "CostExplorerRooms":
        """What Cost Explorer asks of the costs room, and of the rules that define tags and cost categories."""

        async def generation() -> int:
            return await room.generation((await rules.current()).version if rules else 0)

        further = anomalies, purchases, rightsizing
        asked = room.reader, room.explorer, room.outlooks
        return cls(*asked, generation, clock, room.allocation_tags, rules, *further)

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        """The reader's sums. Raises AwsError (DataUnavailableException) where no bill is held."""
        rows = await self.reader.costs(scope, query)
        if not rows and await self.reader.extent() is None:
            raise AwsError(
                "DataUnavailableException",
                "Data is not available. No bill has been imported yet; `trimtab import FILE` imports one.",
            )
        return rows


Operation = Function[CostExplorerRooms]


class _Operations(Operations[CostExplorerRooms]):
    """Operations whose questions can be too large: LimitExceededException here."""

    def add(self, name: str, **options: Any) -> Callable[[Operation], Operation]:
        """Decorate the function of operation `name`, as `Operations` does."""
        register = super().add(name, **options)

        def within(call: Operation) -> Operation:
            @wraps(call)
            async def asked(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
                try:
                    return await call(rooms, request, context)
                except QueryAborted as problem:
                    raise AwsError("LimitExceededException", f"{problem}; ask for fewer days or groups") from None

            register(asked)
            return call

        return within


operations: Operations[CostExplorerRooms] = _Operations("ce", needs=Role.FINANCE)
"""Cost Explorer's operations; importing an operation's file adds it (`service.py` imports them all)."""


def bill_scope(context: CallContext) -> Scope:
    """What of the bill a caller sees: Cost Explorer has no region, and a key of no account sees every bill."""
    return context.principal.scope


def invalid(message: str) -> AwsError:
    """The error of a request that says something wrong."""
    return AwsError("ValidationError", message)
