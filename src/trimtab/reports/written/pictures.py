"""Bars of a report as SVG: on paper and in mails, or on a page, where they follow its theme."""

from trimtab.charts.bar_chart import Bar as Drawn
from trimtab.charts.bar_chart import draw_bars
from trimtab.charts.ink import LIGHT_INK, PAGE_INK, Ink
from trimtab.charts.svg import Svg, element
from trimtab.reports.written.document import Bars

WIDTH, _A_BAR, _PADDING = 680, 24, 50


def drawn(bars: Bars, ink: Ink = LIGHT_INK, width: int = WIDTH) -> Svg:
    """The chart, `width` pixels wide and as high as its bars need."""
    shown = [Drawn(one.name, one.value, ink.slot(1), one.shown) for one in bars.bars]
    return draw_bars(shown, width, height_of(bars), bars.title, ink)


def on_page(bars: Bars) -> Svg:
    """The chart as a figure of a page."""
    return element("figure", {"class": "report-picture"}, drawn(bars, PAGE_INK))


def height_of(bars: Bars) -> int:
    """Pixels."""
    return _PADDING + _A_BAR * max(len(bars.bars), 1)
