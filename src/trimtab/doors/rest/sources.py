"""`/rest/v1/sources`: who sends what, how old it is, and what was refused and why."""

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.inventory.sources import Rejection, Source


class SourcesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How many rejections to show."""

    rejections: Annotated[int, Meta(ge=0, le=1000, description="Rejections to answer, the newest first.")] = 100


class Sources(Protocol):
    """What this door asks of `inventory.sources.SourceLedger` to read."""

    def list(self) -> Sequence[Source]:
        """Every source."""
        ...

    def rejections(self, limit: int) -> Sequence[Rejection]:
        """The newest rejections."""
        ...


def operations(sources: Sources) -> list[Operation]:
    """The operation that lists sources."""

    async def listed(call: Call[SourcesQuery, Any]) -> wire.SourceList:
        accounts = call.principal.scope.accounts
        seen = [source for source in sources.list() if accounts is None or source.account in accounts]
        ids = {source.id for source in seen}
        refused = [row for row in sources.rejections(call.query.rejections) if accounts is None or row.source in ids]
        return wire.SourceList(
            [typed.convert(source, wire.Source, from_attributes=True) for source in seen],
            [typed.convert(row, wire.Rejection, from_attributes=True) for row in refused],
        )

    return [
        Operation(
            "GET",
            "/rest/v1/sources",
            "list sources",
            "Who sends what, how old it is, and what was refused.",
            listed,
            wire.SourceList,
            query=SourcesQuery,
            tag="sources",
        )
    ]
