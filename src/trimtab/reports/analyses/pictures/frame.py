"""What every picture of a visual is drawn with: its size, its ink, and where a click on a mark leads."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.reports.analyses.model import Key

Lead = Callable[[Sequence[tuple[int, Key]]], str]
"""From the keys of a mark, each with its dimension's number, to an address; empty for none."""


def nowhere(_: Sequence[tuple[int, Key]]) -> str:
    """A picture without links."""
    return ""


class Frame(Struct, frozen=True):
    """The room of a picture in pixels. Pictures of rows take the height that they need."""

    width: int = 1080
    height: int = 280
    ink: Ink = PAGE_INK
    title: str = ""
    lead: Lead = nowhere
