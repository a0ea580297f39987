"""The strip of states and the small chart of an alarm."""

import math
import re

from trimtab.charts.states import alarm_line, state_strip


def widths(svg: str, name: str) -> list[float]:
    return [float(one) for one in re.findall(rf'class="strip-{name}"[^>]* width="([\d.]+)"', svg)]


def test_stretches_are_as_wide_as_they_are_long_and_alarms_are_never_invisible() -> None:
    svg = str(state_strip([(0, 999, "good"), (999, 1000, "bad")], 0, 1000, width=100, label="x < y"))
    assert [99.9] == widths(svg, "good")
    assert [1.0] == widths(svg, "bad")
    assert "x &lt; y" in svg
    assert svg.index("strip-good") < svg.index("strip-bad")


def test_what_lies_outside_the_range_is_cut() -> None:
    svg = str(state_strip([(-500, 500, "bad"), (500, 5000, "none")], 0, 1000, width=100))
    assert [50.0] == widths(svg, "bad")


def test_a_small_chart_has_the_line_its_limit_and_the_times_that_it_fired() -> None:
    values = [1.0, 2.0, math.nan, 3.0, 9.0]
    svg = str(alarm_line(values, 5.0, [(0.8, 1.0)], label="latency"))
    assert 2 == svg.count("<polyline")
    assert 'class="limit-line"' in svg
    assert 'class="fired"' in svg
    band = str(alarm_line(values, None, [], low=[0.0] * 5, high=[4.0] * 5))
    assert 'class="expected-band"' in band
    assert "limit-line" not in band
    assert "<svg" in str(alarm_line([], None, []))
