"""The series colours, by theme, and which name gets which: a name keeps its colour across panels."""

from collections.abc import Iterable, Sequence

from trimtab.base.ids import hash64

LIGHT = ("#0049f3", "#7b4908", "#017954", "#5c1f7f", "#9c820c", "#259ad2", "#d35a8b", "#42454e")
DARK = ("#366aa4", "#aa6e16", "#3ca978", "#9d7cff", "#d7c546", "#6fdcff", "#e388b4", "#6a6a6a")
"""UI.md §Design language 5; `frontend/tokens.css` has the same as --s1 … --s8 (a test compares them)."""
LIGHT_PANEL, DARK_PANEL = "#ffffff", "#171c23"
OTHER = "Other"
"""What the lines beyond the eighth are merged into."""
OTHER_SLOT = 8
"""The grey."""

_FIXED = {
    "user": 1, "system": 2, "iowait": 7, "nice": 3, "interrupt": 4, "steal": 6, "idle": 8,
    "used": 1, "cached": 3, "buffers": 5, "free": 8,
    "receive": 1, "transmit": 2, "read": 1, "write": 2,
}  # fmt: skip
"""Names that every host has, so that CPU modes, memory states and directions look the same everywhere."""


def in_order(names: Iterable[str]) -> list[str]:
    """`names` as a stack is built, from the bottom: those of `_FIXED` in its order, others by name, Other."""
    places = {name: place for place, name in enumerate(_FIXED)}
    return sorted(names, key=lambda name: (name == OTHER, places.get(name, len(places)), name))


def slots(names: Sequence[str]) -> list[int]:
    """A colour slot (1 to 8) for each of `names`, in their order.

    A name prefers a slot of its own (fixed, else its hash) and moves on only where another name in the same panel has
    it; fixed names and "Other" choose first. Beyond eight names slots repeat.
    """
    preferred = {name: _FIXED.get(name) or 1 + hash64(name) % len(LIGHT) for name in names}
    if OTHER in preferred:
        preferred[OTHER] = OTHER_SLOT
    chosen: dict[str, int] = {}
    for name in sorted(preferred, key=lambda name: (name != OTHER, name not in _FIXED)):
        slot, taken = preferred[name], set(chosen.values())
        while slot in taken and len(taken) < len(LIGHT):
            slot = slot % len(LIGHT) + 1
        chosen[name] = slot
    return [chosen[name] for name in names]
