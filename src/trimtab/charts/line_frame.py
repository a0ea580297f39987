"""The room that a chart has: where its plot lies between title, axes and legend, and the legend itself."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from trimtab.charts.ink import Ink
from trimtab.charts.svg import Attributes, Svg, element

_CHARACTER_PX = 6.1
"""Mean width of a character of Inter at 11 px."""
_ROW_PX, _SWATCH_PX, _GAP_PX = 18, 14, 16
_MOST_ROWS = 4
_RIGHT_PX = 170


class Legend(StrEnum):
    """Where the names stand."""

    BOTTOM = "bottom"
    RIGHT = "right"
    HIDDEN = "hidden"


class Frame(Struct, frozen=True):
    """The plot's edges in pixels, the title, and where each name of the legend stands (x, y)."""

    left: float
    right: float
    top: float
    bottom: float
    title: str
    width: int
    places: tuple[tuple[float, float], ...]
    chars: int

    def head(self, ink: Ink) -> list[Svg]:
        """The title."""
        if not self.title:
            return []
        at: Attributes = {"x": 12, "y": 20, "fill": ink.text, "font-size": 13}
        return [element("text", {**at, "font-weight": "bold"}, cut(self.title, int((self.width - 24) / 7)))]

    def names(self, labels: Sequence[tuple[str, str]], ink: Ink) -> list[Svg]:
        """The legend: labels with their colours; those without a place are counted in the last one."""
        parts: list[Svg] = []
        for at, (x, y) in enumerate(self.places):
            label, color = labels[at]
            left = len(labels) - len(self.places)
            if at == len(self.places) - 1 and left:
                label, color = f"and {left + 1} more", ink.muted
            swatch: Attributes = {"x": x, "y": y - 8, "width": 9, "height": 9, "rx": 2, "fill": color}
            parts.append(element("rect", swatch))
            parts.append(element("text", {"x": x + _SWATCH_PX, "y": y, "fill": ink.text}, cut(label, self.chars)))
        return parts

    def note(self, text: str, ink: Ink) -> Svg:
        """A sentence in the middle of the plot."""
        x, y = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        return element("text", {"x": x, "y": y, "fill": ink.muted, "text-anchor": "middle", "font-size": 13}, text)


def frame_of(width: int, height: int, title: str, labels: Sequence[str], legend: Legend, two_axes: bool) -> Frame:
    """The frame of a chart of this size."""
    top = 44.0 if title else 22.0
    left, right = 52.0, width - (52.0 if two_axes else 16.0)
    bottom = height - 28.0
    if legend is Legend.HIDDEN or not labels:
        return Frame(left, right, top, bottom, title, width, (), 0)
    if legend is Legend.RIGHT and width > 2 * _RIGHT_PX:
        right -= _RIGHT_PX
        rows = min(len(labels), max(int((bottom - top) / _ROW_PX), 1))
        spots = tuple((right + (46.0 if two_axes else 14.0), top + 10 + row * _ROW_PX) for row in range(rows))
        return Frame(left, right, top, bottom, title, width, spots, 23)
    places, rows = _flow(width, labels)
    bottom -= rows * _ROW_PX
    shifted = tuple((x, height - 8 - (rows - 1 - row) * _ROW_PX) for x, row in places)
    return Frame(left, right, top, max(bottom, top + 20), title, width, shifted, 48)


def cut(text: str, most: int) -> str:
    """`text` with an ellipsis where it has more than `most` characters."""
    return text if len(text) <= most else text[: max(most - 1, 1)] + "…"


def _flow(width: int, labels: Sequence[str]) -> tuple[list[tuple[float, int]], int]:
    """Names from left to right in rows, as many as there is room for."""
    places: list[tuple[float, int]] = []
    x, row = 12.0, 0
    for label in labels:
        size = _SWATCH_PX + len(cut(label, 48)) * _CHARACTER_PX + _GAP_PX
        if x + size > width and x > 12:
            x, row = 12.0, row + 1
        if row >= _MOST_ROWS:
            break
        places.append((x, row))
        x += size
    return places, (places[-1][1] + 1 if places else 0)
