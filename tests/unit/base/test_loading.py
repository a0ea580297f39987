"""A note that a history is being loaded, in a data directory."""

from pathlib import Path

from trimtab.base.loading import Loading, end, tell, told


def test_a_note_is_there_until_it_ends_or_is_old(tmp_path: Path) -> None:
    assert told(tmp_path, 0) is None
    tell(tmp_path, Loading("a company", 0.25, 1_000))
    tell(tmp_path, Loading("a company", 0.5, 2_000))
    assert Loading("a company", 0.5, 2_000) == told(tmp_path, 121_999)
    assert told(tmp_path, 122_000) is None
    end(tmp_path)
    end(tmp_path)
    assert told(tmp_path, 2_000) is None
    assert [] == list(tmp_path.iterdir())


def test_what_is_no_note_is_none(tmp_path: Path) -> None:
    (tmp_path / "loading.json").write_text("{")
    assert told(tmp_path, 0) is None
