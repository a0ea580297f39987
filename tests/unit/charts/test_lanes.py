"""Lanes of what happened: a mark where it was, never too small to see, cut to the chart, with the moment marked."""

import re

from trimtab.charts.lanes import Lanes, Mark, draw_lanes

HOUR_MS = 3_600_000


def chart(*marks: Mark, width: int = 1080) -> str:
    return str(draw_lanes(Lanes(["runs", "alarms"], marks, 0, HOUR_MS, HOUR_MS // 2, "a < b", width)))


def bars(svg: str) -> list[tuple[float, float, float]]:
    found = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', svg)
    return [(float(x), float(y), float(wide)) for x, y, wide in found]


def test_marks_lie_in_their_lane_at_their_time() -> None:
    svg = chart(
        Mark("runs", 0, HOUR_MS, "grey", "whole"),
        Mark("alarms", HOUR_MS // 2, HOUR_MS // 2, "red", "<fired>"),
        Mark("alarms", HOUR_MS, 2 * HOUR_MS, "red", "late"),
    )
    whole, fired, late = bars(svg)
    assert (76, 1068) == (whole[0], whole[0] + whole[2])
    assert (572, 4) == (fired[0], fired[2])
    assert fired[1] - whole[1] == 24
    assert 1068 == late[0] + late[2]
    assert "&lt;fired&gt;" in svg
    assert "a &lt; b" in svg
    assert 1 == svg.count("stroke-dasharray")
    assert 'x1="572"' in svg


def test_a_narrow_chart_names_fewer_times() -> None:
    one = Mark("runs", 0, 1, "grey", "")
    assert chart(one).count(":") > chart(one, width=340).count(":")
