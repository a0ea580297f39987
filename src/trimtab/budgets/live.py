"""What the bill does not have yet: ports through which budgets see the days that are estimated, and ML objects.

A budget on an ML object names it by tags that no bill has: `trimtab:run`, `trimtab:model`, `trimtab:user`; with
`trimtab:per` = `1k-tokens` (or `1k-requests`) it limits a price rather than a sum.
"""

from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.costs.model import And, Filter, Match, Metric, Or, Tag, Where
from trimtab.costs.model import Not as NotFilter

_PREFIX = "trimtab:"
KINDS = ("run", "model", "user")
PER = ("1k-tokens", "1k-requests")


class Estimated(Struct, frozen=True):
    """An amount of which a part is estimated. `lower` and `upper` hold 80 %, None where too little was compared.

    `error`: the median daily error of such estimates in the past, over `days` days. `since_ms`: where the bill ends and
    estimates begin. `note` says what is left out.
    """

    amount: Decimal
    lower: Decimal | None
    upper: Decimal | None
    error: float | None
    days: int
    since_ms: int
    note: str = ""


class MlObject(Struct, frozen=True):
    """What a budget is on: a `kind` of KINDS with `names`, and `per` what its cost is divided by ("" for nothing)."""

    kind: str
    names: tuple[str, ...]
    per: str = ""


class LiveCosts(Protocol):
    """The live estimate."""

    async def open_days(
        self, scope: Scope, where: Filter | None, metric: Metric, start_ms: int, end_ms: int, unit: str
    ) -> Estimated | None:
        """What the days of `[start, end)` come to that the bill has not whole; None where nothing is estimated."""
        ...

    async def of_object(self, scope: Scope, what: MlObject, start_ms: int, end_ms: int, unit: str) -> Estimated | None:
        """What an object cost in `[start, end)`, billed and estimated; None where nothing is known of it."""
        ...


class NoLiveCosts:
    """Nothing but the bill."""

    async def open_days(
        self, scope: Scope, where: Filter | None, metric: Metric, start_ms: int, end_ms: int, unit: str
    ) -> Estimated | None:
        """None."""
        del scope, where, metric, start_ms, end_ms, unit
        return None

    async def of_object(self, scope: Scope, what: MlObject, start_ms: int, end_ms: int, unit: str) -> Estimated | None:
        """None."""
        del scope, what, start_ms, end_ms, unit
        return None


NOT_LIVE = NoLiveCosts()
"""Without a live estimate."""


def object_of(where: Filter | None) -> MlObject | None:
    """The ML object that a filter names; None where it names none. Raises InvalidInput for one that mixes."""
    found: dict[str, tuple[str, ...]] = {}
    for part in where.parts if isinstance(where, And) else (where,):
        if isinstance(part, Where) and isinstance(part.facet, Tag) and part.facet.key.startswith(_PREFIX):
            if part.match is not Match.EQUALS:
                raise InvalidInput(f"cannot filter by {part.facet.key}: expected values that it equals")
            found[part.facet.key.removeprefix(_PREFIX)] = part.values
        elif part is not None and _names_one(part):
            raise InvalidInput(f"cannot filter by {_PREFIX}…: expected it alone or in And, not in Or or Not")
    per = found.pop("per", ("",))
    if not found and per == ("",):
        return None
    if len(found) != 1 or next(iter(found)) not in KINDS or len(per) != 1 or per[0] not in ("", *PER):
        raise InvalidInput(
            f"cannot filter by {sorted(found)}: expected one of {', '.join(_PREFIX + one for one in KINDS)}, and "
            f"{_PREFIX}per of {' or '.join(PER)}"
        )
    kind, names = next(iter(found.items()))
    return MlObject(kind, names, per[0])


def _names_one(part: Filter) -> bool:
    match part:
        case Where(facet=Tag(key)):
            return key.startswith(_PREFIX)
        case And(parts) | Or(parts):
            return any(_names_one(one) for one in parts)
        case NotFilter(inner):
            return _names_one(inner)
        case _:
            return False
