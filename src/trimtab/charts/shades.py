"""The accent of a drawing and its ramp from nothing to all, for pages and for pictures that stand by themselves."""

import re
from html import unescape

from trimtab.charts.ink import DARK_INK, LIGHT_INK, Ink
from trimtab.charts.svg import Attributes, Svg, element

_ACCENTS = {LIGHT_INK: "#0b5fd3", DARK_INK: "#6aa9ff"}
_PAGE_ACCENT = "var(--accent)"
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_SHARES = (0, 12, 21, 30, 40, 50, 60, 70, 80, 90, 100)
"""Of the accent in each step, in %: as `frontend/styles/heat.css` has them."""


def accent_of(ink: Ink) -> str:
    """The accent's colour."""
    return _ACCENTS.get(ink, _PAGE_ACCENT)


def ramp_of(ink: Ink) -> tuple[str, ...]:
    """Eleven colours, from the panel's to the accent's."""
    accent = accent_of(ink)
    if accent == _PAGE_ACCENT:
        return tuple(f"color-mix(in oklab, {accent} {share}%, {ink.panel})" for share in _SHARES)
    return tuple(_mixed(accent, ink.panel, share / 100) for share in _SHARES)


def step_of(share: float) -> int:
    """The step of the ramp for a share of the largest: 0 only for nothing."""
    return 0 if share <= 0 else min(max(round(share * 10), 1), 10)


def text_on(ink: Ink, step: int) -> str:
    """The colour of text on a step of the ramp."""
    return ink.panel if step > 5 else ink.text


def linked(href: str, *drawn: Svg) -> Svg:
    """What is drawn, as a link where it leads somewhere; its name is the first title in it.

    The pointer follows it. The keyboard has the table beside the picture, which leads to the same places.
    """
    if not href:
        return element("g", {}, *drawn)
    found = _TITLE.search("".join(drawn))
    name = unescape(found[1]) if found else None
    return element("a", {"href": href, "tabindex": "-1", "aria-label": name}, *drawn)


def time_of(span: tuple[int, int] | None, parts: int = 1) -> Attributes:
    """The time (ms) that an area covers, in so many equal parts: a click on it leads to what happened then."""
    if span is None:
        return {}
    return {"data-from": str(span[0]), "data-to": str(span[1]), "data-parts": None if parts == 1 else parts}


def label_at(
    text: str, x: float, y: float, fill: str, anchor: str = "start", *, size: float | None = None, bold: bool = False
) -> Svg:
    """A text; `size` in pixels where it is not the picture's own."""
    spot: Attributes = {"x": x, "y": y, "fill": fill, "text-anchor": anchor, "font-size": size}
    return element("text", {**spot, "font-weight": "bold" if bold else None, "pointer-events": "none"}, text)


def title_at(text: str, ink: Ink, width: float) -> list[Svg]:
    """The title of a picture, where it has one."""
    return [label_at(text if len(text) * 7 < width else text[: int(width / 7)] + "…", 12, 20, ink.text, size=13,
                     bold=True)] if text else []  # fmt: skip


def _mixed(one: str, other: str, share: float) -> str:
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(first * share + second * (1 - share)):02x}" for first, second in pairs)
