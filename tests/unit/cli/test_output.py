"""What commands print of times and lengths, and what they read of files that options name."""

from pathlib import Path

import pytest

from trimtab.base.errors import SetupError
from trimtab.cli.output import ago, day_of, length_of
from trimtab.cli.text_files import secret_in, text_of


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2.0 min"), (7199, "120.0 min"), (7200, "2.0 h"), (172_800, "2.0 d")],
)
def test_a_length_has_the_largest_unit_of_which_there_are_two(seconds: float, text: str) -> None:
    assert text == length_of(seconds)


def test_a_time_ago_is_whole_in_its_unit() -> None:
    assert ["never", "0 s", "119 s", "2 min", "2 d"] == [
        ago(at, 172_801_000) for at in (None, 172_801_000, 172_682_000, 172_681_000, 1000)
    ]


def test_the_day_of_a_time_is_that_of_utc() -> None:
    assert ["1970-01-01", "1970-01-02"] == [day_of(86_399_999), day_of(86_400_000)]


def test_a_secret_is_read_without_the_line_end_and_a_text_with_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    assert ("s3cret", "", "s3cret\n") == (secret_in(file), secret_in(None), text_of(file))


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SetupError, match=f"cannot read {file}"):
        secret_in(file)
