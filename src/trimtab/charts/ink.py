"""Colours of a picture that stands by itself: an image cannot follow the page's theme, so it brings its own."""

from msgspec import Struct

from trimtab.charts.palette import DARK, DARK_PANEL, LIGHT, LIGHT_PANEL


class Ink(Struct, frozen=True):
    """Background, text, faint text, grid, and the eight series colours."""

    panel: str
    text: str
    muted: str
    grid: str
    mark: str
    series: tuple[str, ...]

    def slot(self, number: int) -> str:
        """The colour of slot 1 to 8."""
        return self.series[(number - 1) % len(self.series)]


LIGHT_INK = Ink(LIGHT_PANEL, "#14181f", "#5a6472", "#e9ecf0", "#b3261e", LIGHT)
DARK_INK = Ink(DARK_PANEL, "#e8ecf1", "#9aa6b4", "#232b35", "#ff8a80", DARK)
"""The same values as `frontend/tokens.css`."""
PAGE_INK = Ink(
    "var(--panel)",
    "var(--text)",
    "var(--muted)",
    "var(--grid)",
    "var(--bad)",
    tuple(f"var(--s{slot})" for slot in range(1, len(LIGHT) + 1)),
)
"""The page's own: the browser fills them in, so that a drawing follows the theme."""
