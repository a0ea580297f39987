from pathlib import Path

import numpy as np

from trimtab.demo.totals import Totals

RATES = np.array([[0.5, 1.0, 0.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0, 1.0]])


def test_totals_go_on_from_slab_to_slab() -> None:
    whole = Totals().grow("g", RATES, 10)
    parts = Totals()
    cut = np.hstack([parts.grow("g", RATES[:, :2], 10), parts.grow("g", RATES[:, 2:], 10)])
    np.testing.assert_array_equal(whole, cut)
    np.testing.assert_array_equal([5, 15, 15, 35, 65], whole[0])


def test_a_restart_counts_from_zero() -> None:
    marks = np.zeros(RATES.shape, bool)
    marks[0, 3] = marks[1, 0] = True
    totals = Totals({"g": np.array([[100.0], [100.0]])})
    found = totals.grow("g", RATES, 10, marks)
    assert [105, 115, 115, 20, 50] == found[0].tolist()
    assert [10, 20, 30, 40, 50] == found[1].tolist()
    assert [[50.0], [50.0]] == totals.known["g"].tolist()


def test_they_survive_on_disk(tmp_path: Path) -> None:
    totals = Totals()
    totals.grow("a.b:c", RATES, 10)
    totals.save(tmp_path / "t.npz")
    found = Totals.load(tmp_path / "t.npz")
    np.testing.assert_array_equal(totals.known["a.b:c"], found.known["a.b:c"])
