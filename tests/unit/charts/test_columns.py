"""Stacked columns and waterfalls: where their bars lie."""

import re

from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.line_chart import LineChart, draw_lines
from trimtab.charts.outlook import OutlookChart, OutlookDay, draw_outlook
from trimtab.charts.waterfall import Step, draw_waterfall


def boxes(svg: str, color: str) -> list[tuple[float, float]]:
    """The upper edge and height of each bar of a colour."""
    path = next((one for one in re.findall(r'<path d="([^"]*)" fill="([^"]*)"', svg) if one[1] == color), ("", ""))[0]
    return [(float(y), float(height)) for y, height in re.findall(r"M[\d.]+ ([\d.]+)h[\d.]+v([\d.]+)", path)]


def columns(*parts: list[float], partial: bool = False) -> str:
    found = [Column(str(at), f"<{at}>", values, partial) for at, values in enumerate(parts)]
    return draw_columns(Columns(found, ("#one", "#two"), "USD", "a & b", 400, 246))


def test_parts_stand_on_each_other() -> None:
    svg = columns([60, 40], [20, 20])
    (top_one, height_one), _ = boxes(svg, "#one")
    (top_two, height_two), _ = boxes(svg, "#two")
    assert top_two + height_two == top_one  # the second begins where the first ends
    assert round(height_one / height_two, 2) == 1.5
    assert (top_two, height_one + height_two) == (22.0, 200.0)  # 100 fills the plot of 246 − 22 − 24 px


def test_what_is_negative_hangs_below_zero() -> None:
    svg = columns([60, -40])
    [(top, height)] = boxes(svg, "#one")
    [(below, _)] = boxes(svg, "#two")
    assert below == top + height


def test_nothing_is_drawn_of_nothing_and_text_is_escaped() -> None:
    svg = columns([0, 5])
    assert boxes(svg, "#one") == []
    assert "&lt;0&gt;" in svg
    assert 'aria-label="a &amp; b"' in svg
    assert draw_columns(Columns((), (), "USD", "none")).startswith("<svg")


def test_a_column_that_is_not_complete_is_hatched() -> None:
    assert "url(#columns-hatch)" in columns([1, 1], partial=True)
    assert "columns-hatch" not in columns([1, 1])


def test_a_column_says_the_time_that_it_covers_where_it_is_one() -> None:
    timed = draw_columns(Columns([Column("1", "one", [1], span=(60_000, 120_000))], ["#one"], "USD", "a"))
    assert 'data-from="60000" data-to="120000"' in timed
    assert "data-from" not in columns([1, 1])


def test_lines_say_the_range_that_a_click_on_them_is_in() -> None:
    assert 'data-from="60000" data-to="180000" data-parts="60"' in draw_lines(LineChart((), 60_000, 180_000))


def test_days_that_are_over_say_their_time_and_those_ahead_do_not() -> None:
    days = [OutlookDay("1", "billed", 1.0, span=(0, 86_400_000)), OutlookDay("2", "ahead", mean=1.0, low=0.0, high=2.0)]
    svg = draw_outlook(OutlookChart(days, "USD", "by day"))
    assert svg.count("data-from") == 1
    assert 'data-from="0" data-to="86400000"' in svg


def test_a_waterfall_goes_on_where_it_was() -> None:
    steps = [Step("use", 30, "+30"), Step("prices", -10, "−10")]
    svg = draw_waterfall(steps, Step("change", 20, "+20"), 500)
    bars = [
        (float(x), float(width))
        for x, width in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="20"', svg)
    ]
    (use, wide), (prices, narrow), (change, whole) = bars
    assert round(prices + narrow, 1) == round(use + wide, 1)  # the fall starts where the rise ended
    assert change == use
    assert round(change + whole, 1) == round(prices, 1)
    assert round(wide / narrow, 1) == 3.0
