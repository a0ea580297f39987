"""The series colours, by theme, and which name gets which: a name keeps its colour across panels."""

from collections.abc import Iterable

from trimtab.base.ids import hash64

LIGHT = ("#0049f3", "#7b4908", "#017954", "#5c1f7f", "#9c820c", "#259ad2", "#d35a8b", "#42454e")
DARK = ("#366aa4", "#aa6e16", "#3ca978", "#9d7cff", "#d7c546", "#6fdcff", "#e388b4", "#6a6a6a")
"""UI.md §Design language 5; `frontend/tokens.css` has the same as --s1 … --s8 (a test compares them)."""
LIGHT_PANEL, DARK_PANEL = "#ffffff", "#171c23"
OTHER_SLOT = 8
"""The grey: "Other" always has it."""

_FIXED = {
    "user": 1, "system": 2, "iowait": 7, "nice": 3, "irq": 4, "softirq": 5, "steal": 6, "idle": 8,
    "used": 1, "cached": 3, "buffers": 5, "free": 8,
    "receive": 1, "transmit": 2, "read": 1, "write": 2,
}  # fmt: skip
"""Names that every host has, so that CPU modes, memory states and directions look the same everywhere."""


def slots(names: Iterable[str]) -> list[int]:
    """A colour slot (1 to 8) for each name, in order.

    A name prefers a slot of its own (fixed, else its hash) and moves on only where another name in the same panel has
    it; beyond eight names slots repeat.
    """
    taken: set[int] = set()
    chosen = []
    for name in names:
        slot = OTHER_SLOT if name == "Other" else _FIXED.get(name) or 1 + hash64(name) % len(LIGHT)
        if len(taken) < len(LIGHT):
            while slot in taken:
                slot = slot % len(LIGHT) + 1
        taken.add(slot)
        chosen.append(slot)
    return chosen
