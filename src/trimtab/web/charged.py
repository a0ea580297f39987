"""What teams are charged for the newest month: the owners of its statement, also those that hold no GPU."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.economics.months import in_words, named
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.rules.model import UNUSED
from trimtab.figures.areas.statements import TOTAL
from trimtab.web.money_tiles import words_of
from trimtab.web.site import Site
from trimtab.web.tiles import Tile
from trimtab.web.view import View, link

CHARGED = "Charged"
_FRESH_S, _STALE_S = 300.0, 3600.0
"""A statement moves with the bill, once or a few times a day."""


class Charged(Struct, frozen=True):
    """By owner and currency what is charged for a month; `nobody` are the owners that are no team."""

    month: int
    basis: str
    totals: Mapping[str, Mapping[str, Decimal]]
    nobody: frozenset[str]

    @property
    def teams(self) -> list[str]:
        """The owners that are teams, by name."""
        return sorted(self.totals.keys() - self.nobody)

    def tile(self, team: str) -> Tile | None:
        """A team's part of the statement, which it leads to; None where nothing is charged to it."""
        amounts = self.totals.get(team, {})
        if not amounts:
            return None
        first, *others = sorted(amounts, key=lambda one: -abs(amounts[one]))
        note = " · ".join((self.basis, *(words_of({one: amounts[one]}) for one in others)))
        href = link("/statements", [("month", named(self.month)), ("owner", team)])
        value, _, currency = words_of({first: amounts[first]}).rpartition(" ")
        return Tile(TOTAL, value, currency, note, href=href, name=CHARGED, of=in_words(self.month).split()[0])


async def charged_of(site: Site, view: View) -> Charged | None:
    """The newest month; None where there is no bill, or who looks may not see all of it."""
    room = site.state.economics
    if room is None or not (view.principal.may(Role.FINANCE) and view.principal.sees_all):
        return None
    return await site.cache.get(("charged",), _FRESH_S, lambda: _read(room), stale_s=_STALE_S)


async def _read(room: EconomicsRoom) -> Charged | None:
    months = await room.statements.months()
    if not months:
        return None
    statement = await room.statements.statement(months[0].month)
    version = await room.rules.current()
    category = version.rules.category(statement.owner_category)
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in statement.lines:
        totals[line.key.owner][line.key.currency] += line.coins
    return Charged(
        statement.month, statement.basis.value, totals, frozenset({UNUSED, category.default if category else ""})
    )
