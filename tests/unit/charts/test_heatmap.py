import pytest

from trimtab.charts.heatmap import Cell, Mark, heat_row, step_of


@pytest.mark.parametrize(
    ("share", "step"),
    [(0.0, 0), (0.004, 0), (0.01, 1), (0.099, 1), (0.1, 2), (0.5, 6), (0.95, 10), (1.0, 10), (1.2, 10)],
)
def test_a_share_has_a_step_and_only_nothing_is_zero(share: float, step: int) -> None:
    assert step_of(share) == step


def test_a_cell_says_in_words_what_it_stands_for() -> None:
    row = heat_row([Cell(0.5, "n1 GPU 0: 50 % active")], "n1: 1 GPU")
    assert 'role="img"' in row
    assert 'aria-label="n1: 1 GPU"' in row
    assert "<title>n1 GPU 0: 50 % active</title>" in row


def test_a_broken_cell_has_a_cross_and_an_unknown_one_a_hatch() -> None:
    row = heat_row([Cell(0.0, "down", Mark.DOWN), Cell(None, "unknown", Mark.UNKNOWN)], "n1")
    assert "heat-cross" in row
    assert 'fill="url(#heat-hatch)"' in row


def test_more_cells_than_columns_go_on_in_the_next_line() -> None:
    assert 'viewBox="0 0 149 35"' in heat_row([Cell(1.0, "x")] * 16, "n1")


def test_titles_are_escaped() -> None:
    assert "<b>" not in heat_row([Cell(1.0, "<b>")], "<b>")
