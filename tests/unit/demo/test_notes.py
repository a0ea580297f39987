from pathlib import Path

import numpy as np
import pytest

from trimtab.base.errors import SetupError
from trimtab.demo import notes
from trimtab.demo.notes import FRESH_FOR_MS, Notes
from trimtab.demo.totals import Totals

NOW_MS = 1_764_082_800_000


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    claimed = tmp_path / "trimtab-demo"
    notes.claim(claimed)
    return claimed


def written(directory: Path, anchor_ms: int = NOW_MS - 5000, through_ms: int = NOW_MS - 100) -> None:
    Notes(anchor_ms, through_ms, Totals({"a": np.array([[1.5], [2.5]])})).save(directory)


def test_a_run_goes_on_where_the_last_one_ended(directory: Path) -> None:
    written(directory)
    found = notes.recall(directory, NOW_MS)
    assert found is not None
    assert (NOW_MS - 5000, NOW_MS - 100) == (found.anchor_ms, found.through_ms)
    assert [[1.5], [2.5]] == found.totals.known["a"].tolist()


def test_there_is_nothing_to_go_on_with_at_first(directory: Path) -> None:
    assert notes.recall(directory, NOW_MS) is None


def test_old_incidents_are_not_gone_on_with(directory: Path) -> None:
    written(directory, anchor_ms=NOW_MS - FRESH_FOR_MS)
    assert notes.recall(directory, NOW_MS) is None


def test_another_version_is_not_gone_on_with(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(directory)
    monkeypatch.setattr(notes, "VERSION", notes.VERSION + 1)
    assert notes.recall(directory, NOW_MS) is None


def test_a_clock_that_went_back_is_not_gone_on_with(directory: Path) -> None:
    written(directory)
    assert notes.recall(directory, NOW_MS - 3_600_000) is None


def test_damaged_notes_are_none(directory: Path) -> None:
    (directory / "demo" / "notes.npz").write_bytes(b"PK\x03\x04 no")
    assert notes.recall(directory, NOW_MS) is None


def test_only_the_demos_own_directory_is_wiped(directory: Path, tmp_path: Path) -> None:
    notes.wipe(directory)
    assert not directory.exists()
    mine = tmp_path / "mine-demo"
    mine.mkdir()
    (mine / "state.db").write_text("precious")
    for attempt in (notes.wipe, notes.claim):
        with pytest.raises(SetupError, match="not the demo's"):
            attempt(mine)
    assert "precious" == (mine / "state.db").read_text()
