"""The plans of all currencies in the presentation currency, above them on the page of advice."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.advice.plan.room import PlanRoom
from trimtab.base.coins import coins
from trimtab.web.view import View


class TogetherPanel(Struct, frozen=True):
    """All plans in one currency as they are drawn: total, range, a row a plan, and what is left out and why."""

    currency: str
    total: str
    range: str
    rows: Sequence[tuple[str, str, str, str]]
    missing: Sequence[str]


async def together_panel(room: PlanRoom | None, view: View) -> TogetherPanel | None:
    """The plans that a caller sees, as they were made, in the presentation currency; None where none is converted."""
    found = await room.together(await room.seen(view.scope)) if room is not None else None
    if found is None:
        return None
    low, high = found.sum("low"), found.sum("high")
    rows = [
        (
            one.currency,
            coins(one.original, one.currency),
            coins(one.total, found.currency),
            f"{one.rate:f} of {one.day}, {' and '.join(one.sources)}" if one.rate is not None else "",
        )
        for one in found.parts
    ]
    return TogetherPanel(
        found.currency,
        coins(found.sum("total"), found.currency) if found.parts else "–",
        f"{coins(low, found.currency)} – {coins(high, found.currency)}" if low != high else "",
        rows,
        [f"{currency} is left out: {why}" for currency, why in sorted(found.missing.items())],
    )
