"""The walk: every figure of the register is the same number in every place that shows it, and parts make the whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from trimtab.figures.model import Rollup
from trimtab.figures.register import REGISTER
from wire.figures.place import Place, Places
from wire.figures.reading import WHOLE, Shown, Site, Span, Values

_NOUGHT = Decimal("1e-9")
_OF_THINGS = ("run ", "service ", "host ", "source ", "budget ", "now ")
"""Groups beside those that add up: a thing has its own place among them."""
RATIOS: Mapping[str, tuple[str, str]] = {
    "gpu_active_share": ("gpu_hours_active", "gpu_hours_existing"),
    "gpu_held_share": ("gpu_hours_held", "gpu_hours_existing"),
}
"""Ratios of sums, by the figures that they are of."""


def walk(site: Site, spans: Iterable[Span], places: Places, without: Mapping[str, str]) -> list[str]:
    """Every difference, a sentence each. `without`: figures that nothing has a value of here, with the reason."""
    found: list[str] = []
    seen: set[str] = set()
    for at, span in enumerate(spans):
        when = " to ".join(span.texts)
        known: dict[str, Values] = {}
        for id_ in REGISTER:
            if id_ not in places or (at and places[id_][0].reason):  # of now: once is enough
                continue
            known[id_], told = _figure(site, span, places[id_])
            seen |= {id_} if known[id_] else set()
            found += [f"{id_}, {when}: {one}" for one in told]
        found += [f"{id_}, {when}: {one}" for id_ in known for one in _rolled_up(id_, known)]
    return found + [f"{id_}: no place shows it" for id_ in places if id_ not in seen and id_ not in without]


def _figure(site: Site, span: Span, places: Sequence[Place]) -> tuple[Values, list[str]]:
    mine = [one for one in places if span.whole_days or not one.days]
    if not mine:
        return {}, []
    first, *others = mine
    found: list[str] = []
    known = _read(first, site, span, found) or {}
    for one in others:
        shown = _read(one, site, span, found)
        if shown is None:
            continue
        found += [f"{one.name} {text}; {first.name} {known.get(key)}" for key, text in _apart(known, shown, one.part)]
    return known, found


def _read(place: Place, site: Site, span: Span, found: list[str]) -> Values | None:
    """What a place shows; None where it has nothing of such a range. That it cannot be read is told in `found`."""
    try:
        return place.read(site, span)
    except AssertionError as problem:
        found.append(f"{place.name} cannot be read: {problem}")
        return None


def _apart(known: Values, shown: Values, part: bool) -> Iterator[tuple[tuple[str, str], str]]:
    """What is shown otherwise than it is known, or shown by one of both alone: nought need not be shown."""
    for key in dict.fromkeys([*known, *shown]):
        name = " ".join(one for one in (key[0] or "whole", key[1]) if one)
        mine, its = known.get(key), shown.get(key)
        if its is None:
            if not part and mine is not None and not _is_nought(mine):
                yield key, f"lacks {name}"
        elif mine is None:
            if not _is_nought(its):
                yield key, f"alone has {name}: {its}"
        elif not its.agrees(mine):
            yield key, f"has {its} of {name}"


def _is_nought(one: Shown) -> bool:
    return abs(one.value) <= one.slack + _NOUGHT


def _rolled_up(id_: str, known: Mapping[str, Values]) -> Iterator[str]:
    """Where the groups do not make the whole."""
    values, rollup = known[id_], REGISTER[id_].rollup
    if id_ in RATIOS:
        top, bottom = (known[one] for one in RATIOS[id_])
        for key, ratio in values.items():
            made = top[key].value / bottom[key].value
            if abs(made - ratio.value) > max(abs(made), Decimal("0.001")) * Decimal("1e-9"):
                yield f"{key[0] or 'whole'} is {ratio}, and {' ÷ '.join(RATIOS[id_])} is {made}"
    if rollup is not Rollup.SUM:
        return
    for unit in {unit for group, unit in values if group == WHOLE}:
        parts = [
            one for (group, its), one in values.items() if its == unit and group and not group.startswith(_OF_THINGS)
        ]
        total, whole = sum((one.value for one in parts), Decimal(0)), values[WHOLE, unit]
        slack = sum((one.slack for one in parts), whole.slack) + _NOUGHT
        if parts and abs(total - whole.value) > slack:
            yield f"groups add up to {total} {unit}, and the whole is {whole}"


def uncovered(places: Places, once: Mapping[str, str]) -> list[str]:
    """Figures of the register that fewer than two places are named of, and that no reason excuses."""
    few = [f"{id_} has {len(places.get(id_, ()))} places" for id_ in REGISTER if len(places.get(id_, ())) < 2]
    return [one for one in few if one.partition(" ")[0] not in once] + [
        f"{id_} is no figure of the register" for id_ in (*places, *once) if id_ not in REGISTER
    ]
