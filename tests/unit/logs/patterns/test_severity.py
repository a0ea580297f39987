"""A level that a line names counts; else what its words sound like."""

import pytest

from trimtab.logs.patterns.severity import guess, level_of


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-11-25 10:00:00 ERROR cannot reach db", "error"),
        ("INFO request failed over to the other replica", "info"),
        ("[warn] mod_jk child init 1 0", "warn"),
        ("[notice] jk2_init() Found child", "info"),
        ('level=warning msg="disk is filling"', "warn"),
        ('{"severity": "Critical"}', "error"),
        ("panic: runtime error: index out of range", "error"),
        ("java.lang.IllegalStateException: queue full", "error"),
        ("connection refused by 10.0.0.1", "error"),
        ("request timed out, retrying", "warn"),
        ("GET /index.html 200", ""),
        ("errorless operation", ""),
    ],
)
def test_a_level_is_guessed(line: str, level: str) -> None:
    assert guess(line) == level


def test_what_a_sender_called_it() -> None:
    found = [level_of(text) for text in ("ERROR2", "Warning", "notice", "TRACE", "fine", "", "odd")]
    assert found == ["error", "warn", "info", "debug", "debug", "", ""]
