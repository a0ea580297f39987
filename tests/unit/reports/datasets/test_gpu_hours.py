"""`gpu_hours`: the ledger's hours by team and day or hour, which add up in every row."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.reports.datasets.source import Window
from trimtab.reports.datasets.sources.gpu_hours import FIELDS, HOURS, gpu_hours
from unit.reports.two_gpus import DAY, Facts

NAMES = [one.name for one in FIELDS]


def rows(*columns: str) -> list[dict[str, Any]]:
    clock = ManualClock(DAY + 40 * HOUR_MS)
    reports = SimpleNamespace(clock=clock, ledger=DirectLedger(cast(Any, Facts()), clock))
    window = Window(EVERYTHING, DAY, DAY + 2 * DAY_MS, frozenset(columns))
    found = asyncio.run(gpu_hours(cast(Any, reports)).read(window)).rows
    return [dict(zip(NAMES, row, strict=True)) for row in found]


def test_a_days_rows_are_the_teams_and_what_nobody_held() -> None:
    found = {(row["day"], row["owner"]): row for row in rows("day", "owner", "held")}
    assert [(DAY, "(held by nobody)"), (DAY, "vision"), (DAY + DAY_MS, "(held by nobody)")] == sorted(found)
    assert (3.0, 3.0) == (found[DAY, "vision"]["held"], found[DAY, "vision"]["unmeasured"])
    assert 45.0 == found[DAY, "(held by nobody)"]["free"]
    assert 32.0 == found[DAY + DAY_MS, "(held by nobody)"]["existing"]
    assert {None} == {row["hour"] for row in found.values()}


def test_hours_add_up_to_days_and_every_row_adds_up() -> None:
    by_hour = rows("hour", "held")
    assert [DAY + at * HOUR_MS for at in (1, 2, 3)] == [row["hour"] for row in by_hour if row["owner"] == "vision"]
    for row in by_hour:
        assert row["existing"] == pytest.approx(row["down"] + row["held"] + row["free"] + row["unknown"])
        assert row["held"] == pytest.approx(row["active"] + row["inactive"] + row["unmeasured"])
        assert row["idle"] == pytest.approx(row["free"] + row["inactive"])
    for name in HOURS:
        assert sum(row[name] for row in by_hour) == pytest.approx(sum(row[name] for row in rows("day")))
