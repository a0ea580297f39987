import re
from itertools import combinations
from pathlib import Path

import pytest

from trimtab.charts.palette import DARK, DARK_PANEL, LIGHT, LIGHT_PANEL, in_order, slots
from unit.charts.colour_difference import VISIONS, ciede2000, contrast, difference

TOKENS = Path(__file__).parents[3] / "frontend" / "tokens.css"
THEMES = {"light": (LIGHT, LIGHT_PANEL), "dark": (DARK, DARK_PANEL)}


def test_ciede2000_agrees_with_the_published_test_data() -> None:
    # Sharma, Wu, Dalal (2005), pairs 1, 7, 17, 24 and 34.
    assert ciede2000((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert ciede2000((50, 0, 0), (50, -1, 2)) == pytest.approx(2.3669, abs=1e-4)
    assert ciede2000((50, 2.5, 0), (73, 25, -18)) == pytest.approx(27.1492, abs=1e-4)
    assert ciede2000((50, 2.5, 0), (50, 3.2592, 0.3350)) == pytest.approx(1.0, abs=1e-4)
    assert ciede2000((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514)) == pytest.approx(0.9082, abs=1e-4)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_series_colours_can_be_told_apart(theme: str, vision: str) -> None:
    colours, _ = THEMES[theme]
    closest = min((difference(one, other, vision), one, other) for one, other in combinations(colours, 2))
    assert closest[0] >= 15, closest


@pytest.mark.parametrize("theme", THEMES)
def test_every_series_colour_stands_out_from_the_panel(theme: str) -> None:
    colours, panel = THEMES[theme]
    assert [colour for colour in colours if contrast(colour, panel) < 3] == []


def test_the_style_sheet_has_the_same_colours() -> None:
    # Light, dark by choice, dark by the system's preference.
    written = re.findall(r"--s[1-8]: (#[0-9a-f]{6})", TOKENS.read_text())
    assert written == [*LIGHT, *DARK, *DARK]


def test_a_name_keeps_its_colour_whatever_is_beside_it() -> None:
    alone = slots(["checkout"])
    assert slots(["user", "checkout"])[1] == alone[0] or alone == [1]
    assert slots(["user", "system", "iowait"]) == [1, 2, 7]


def test_eight_names_have_eight_colours_and_other_is_grey() -> None:
    names = [f"host-{number}" for number in range(7)] + ["Other"]
    found = slots(names)
    assert sorted(found) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert found[-1] == 8


def test_more_names_than_colours_repeat() -> None:
    assert len(slots([f"host-{number}" for number in range(20)])) == 20


def test_stacks_are_built_in_a_fixed_order() -> None:
    assert in_order(["iowait", "zeta", "Other", "user", "alpha", "system"]) == [
        "user", "system", "iowait", "alpha", "zeta", "Other",
    ]  # fmt: skip
