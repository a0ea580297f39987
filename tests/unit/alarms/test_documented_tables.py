"""Every cell of the tables in "Using Amazon CloudWatch alarms" (how alarm state is evaluated when data is missing)."""

import numpy as np
import pytest
from tests.unit.alarms import reference

from trimtab.alarms.evaluate import Periods, Verdict, evaluate
from trimtab.alarms.model import Judgement, Missing, Operator

TABLES = """
3 3 | 0 - X - X | OK                | OK    | OK    | OK
3 3 | 0 - - - - | OK                | OK    | OK    | OK
3 3 | - - - - - | INSUFFICIENT_DATA | KEEP  | ALARM | OK
3 3 | 0 X X - X | ALARM             | ALARM | ALARM | ALARM
3 3 | - - X - - | ALARM             | KEEP  | ALARM | OK
3 2 | 0 - X - X | ALARM             | ALARM | ALARM | ALARM
3 2 | 0 0 X 0 X | ALARM             | ALARM | ALARM | ALARM
3 2 | 0 - X - - | OK                | OK    | ALARM | OK
3 2 | - - - - 0 | OK                | OK    | ALARM | OK
3 2 | - - - X - | ALARM             | KEEP  | ALARM | OK
"""

# The text below the tables: with these points a 3-of-3 alarm does not go into ALARM yet.
PREMATURE = """
3 3 | - - - - X | KEEP | KEEP | ALARM | OK
3 3 | - - - X - | KEEP | KEEP | ALARM | OK
3 3 | - - - X 0 | OK   | OK   | OK    | OK
3 3 | - - X - 0 | OK   | OK   | OK    | OK
"""

MODES = (Missing.MISSING, Missing.IGNORE, Missing.BREACHING, Missing.NOT_BREACHING)
SYMBOLS = {"X": 2.0, "0": 0.0, "-": np.nan}


def cells(text: str) -> list[tuple[int, int, str, Missing, str]]:
    found = []
    for line in text.strip().splitlines():
        head, points, *results = (part.strip() for part in line.split("|"))
        n, m = map(int, head.split())
        found += [(n, m, points, mode, result) for mode, result in zip(MODES, results, strict=True)]
    return found


@pytest.mark.parametrize(("n", "m", "points", "mode", "expected"), [*cells(TABLES), *cells(PREMATURE)])
def test_the_documented_cell(n: int, m: int, points: str, mode: Missing, expected: str) -> None:
    values = np.array([SYMBOLS[symbol] for symbol in points.split()])
    periods = Periods(np.arange(len(values), dtype=np.int64) * 60_000, values)
    judgement = Judgement(Operator.GREATER, 1.0, n, m, mode)
    assert evaluate(periods, judgement) is Verdict[expected]


@pytest.mark.parametrize(("n", "m", "points", "mode", "expected"), [*cells(TABLES), *cells(PREMATURE)])
def test_the_reference_evaluator_agrees(n: int, m: int, points: str, mode: Missing, expected: str) -> None:
    given = [{"X": True, "0": False, "-": None}[symbol] for symbol in points.split()]
    assert reference.verdict(given, n, m, mode.value).upper() == expected
