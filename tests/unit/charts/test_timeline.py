"""What runs when: bars from start to end, cut to the chart, under the names of months."""

import re
from datetime import UTC, datetime

from trimtab.charts.timeline import Run, Timeline, draw_timeline


def ms(year: int, month: int, day: int = 1) -> int:
    return round(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)


def chart(*runs: Run, width: int = 1080) -> str:
    return str(draw_timeline(Timeline(runs, ms(2026, 11, 15), ms(2028, 2), ms(2026, 12), "x < y", width)))


def bars(svg: str) -> list[tuple[float, float]]:
    found = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)
    return [(float(left), float(wide)) for left, wide in found]


def test_bars_lie_where_things_run_and_those_without_dates_go_to_the_edges() -> None:
    svg = chart(
        Run("held <b>", None, ms(2027, 3), "grey", "until March", faint=True),
        Run("planned", ms(2027, 3), ms(2028, 3), "blue", "from March"),
    )
    (first, wide), (second, rest) = bars(svg)
    assert (260, second) == (first, round(first + wide, 2))
    assert 1068 == round(second + rest)
    assert "held &lt;b&gt;" in svg
    assert "x &lt; y" in svg
    assert 1 == svg.count("fill-opacity")


def test_months_have_names_and_a_narrow_chart_names_fewer() -> None:
    one = Run("a", ms(2027, 1), ms(2027, 2), "blue", "")
    wide, narrow = chart(one), chart(one, width=340)
    assert ">Feb<" in wide
    assert ">2027<" in wide
    assert ">Feb<" not in narrow
    assert ">2027<" in narrow


def test_what_lies_outside_is_cut_and_still_seen() -> None:
    [(left, wide)] = bars(chart(Run("over", ms(2020, 1), ms(2021, 1), "blue", "")))
    assert (260, 2) == (left, wide)
