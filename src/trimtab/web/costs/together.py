"""Amounts of several currencies as one tile: what pages show beside the currencies' own figures."""

from trimtab.base.coins import coins
from trimtab.costs.currencies.model import Together
from trimtab.costs.currencies.room import in_words
from trimtab.figures.areas.costs import TOGETHER
from trimtab.web.tiles import Tile


def together_tile(found: Together | None, label: str) -> Tile | None:
    """The tile; none where no currency was chosen, or nothing is in another one."""
    if found is None or found.is_one:
        return None
    if found.total is None:
        return Tile(TOGETHER, "–", "", in_words(found), of=found.currency)
    return Tile(TOGETHER, coins(found.total, found.currency), found.currency, in_words(found), of=label)
