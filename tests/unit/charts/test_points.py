"""Names of points, and values that stand alone."""

import itertools
import re

from trimtab.charts.points import Points, Spot, draw_points
from trimtab.charts.value_tile import Figure, Figures, draw_figures


def _texts(svg: object) -> dict[str, tuple[float, float]]:
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]+)</text>', str(svg))
    return {text: (float(x), float(y)) for x, y, text in found}


def test_names_of_points_that_lie_together_are_not_written_over_each_other() -> None:
    spots = [Spot(1.0, 1.0, f"endpoint-{at}", "", "#000", 0.5) for at in range(7)] + [Spot(9.0, 9.0, "far", "", "#000")]
    places = _texts(draw_points(Points(spots, "x", "y", "all")))
    lines = sorted(y for name, (_, y) in places.items() if name.startswith("endpoint-"))
    assert 5 == len(lines), "two have no place beside the point: their titles say who they are"
    assert all(after - before >= 12 for before, after in itertools.pairwise(lines))
    assert "far" in places


def test_values_have_the_room_that_the_longest_needs() -> None:
    def columns(*values: str) -> int:
        drawn = _texts(draw_figures(Figures([Figure(f"n{at}", one) for at, one in enumerate(values)], "all", 480)))
        return len({drawn[f"n{at}"][0] for at in range(len(values))})

    assert 2 == columns("1", "2", "3", "4")
    assert 2 == columns("75,951 GPU-h", "2", "3", "4")
    assert 1 == columns("75,951.25 GPU-hours", "2")
    assert 1 == columns("a value that no picture has room for")
