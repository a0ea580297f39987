from pathlib import Path

import pytest

from trimtab.base.errors import SetupError
from trimtab.sources.prometheus.cursor import Cursor


def cursor(directory: Path, *selectors: str, source: str = "http://p", way: str = "") -> Cursor:
    return Cursor(directory / "connect", source, list(selectors) or ["{}"], "http://t", way)


def test_what_is_done_is_kept_for_the_next_run(tmp_path: Path) -> None:
    first = cursor(tmp_path)
    assert first.covered == []
    for span in ((20, 30), (0, 10), (10, 15)):
        first.add(span)
    assert cursor(tmp_path).covered == [(0, 15), (20, 30)]


def test_another_source_selection_or_way_has_its_own(tmp_path: Path) -> None:
    cursor(tmp_path, "a", "b").add((0, 10))
    assert cursor(tmp_path, "b", "a").covered == [(0, 10)]
    assert cursor(tmp_path, "a").covered == []
    assert cursor(tmp_path, "a", "b", source="http://q").covered == []
    assert cursor(tmp_path, "a", "b", way="step 5m").covered == []


def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    first = cursor(tmp_path)
    first.add((0, 1))
    first.path.write_text("{")
    with pytest.raises(SetupError, match="remove it to read the source's whole history again"):
        cursor(tmp_path)
