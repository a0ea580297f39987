"""Datasets read from made-up sources by the real engine: joins, fields, questions, money."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from made_datasets import FIRST, NOW, SOURCES, reader
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.reports.datasets.field import number, time
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reading import Answer, DatasetReader
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.spec import read_spec
from trimtab.store.telemetry.client import Telemetry

Ask = Callable[..., list[dict[str, Any]]]
BILL = {"sources": [{"use": "bill"}]}


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


@pytest.fixture
def answer(engine: Telemetry) -> Callable[..., Answer]:
    datasets = DatasetReader(engine, SOURCES, ManualClock(NOW))

    def run(spec: dict[str, Any], who: Any = None, **query: Any) -> Answer:
        return asyncio.run(datasets.run(read_spec(spec), who or reader(), Query(**query)))

    return run


@pytest.fixture
def ask(answer: Callable[..., Answer]) -> Ask:
    return lambda *given, **query: answer(*given, **query).table.to_pylist()


def test_a_source_as_it_is_reads_every_field_with_nulls_texts_and_exact_money(ask: Ask) -> None:
    found = ask(BILL, order=(("cost", True),))
    costs = [Decimal("10.10"), Decimal("7.77"), Decimal("3.30"), Decimal("0.000000000001"), Decimal("-1.17")]
    assert costs == [one["cost"] for one in found]
    assert found[-1]["team"] is None
    assert {"team": "vision", "env": "prod"} == dict(found[0]["tags"])
    assert datetime.fromtimestamp(FIRST / 1000, UTC) == found[0]["day"]


def test_texts_arrive_as_they_are_whatever_is_in_them(ask: Ask) -> None:
    spec = {"sources": [{"use": "errors"}]}
    found = ask(spec, columns=(("message", "message"),), order=(("message", False),))
    assert ["fine", 'it\'s \\ "quoted"\nand long', "out of memory", "secret of B"] == [one["message"] for one in found]
    assert 1 == len(ask(spec, where=(r"message = 'it\'s \\ " + '"quoted"\nand long\'',)))


def test_aggregates_group_by_the_other_columns_and_money_stays_exact(ask: Ask) -> None:
    columns = (("team", "coalesce(team, 'nobody')"), ("cost", "sum(cost)"), ("mean", "avg(cost)"), ("n", "count()"))
    found = ask(BILL, columns=columns, order=(("cost", True),))
    assert [
        {"team": "vision", "cost": Decimal("13.400000000000"), "mean": Decimal("6.700000000000"), "n": 2},
        {"team": "speech", "cost": Decimal("7.770000000001"), "mean": Decimal("3.885000000000"), "n": 2},
        {"team": "nobody", "cost": Decimal("-1.170000000000"), "mean": Decimal("-1.170000000000"), "n": 1},
    ] == found


def test_sources_added_up_first_join_without_counting_money_twice(answer: Callable[..., Answer]) -> None:
    spec = {
        "sources": [
            {"use": "bill", "by": ["day", "account"], "take": {"cost": "sum(cost)"}},
            {"use": "errors", "by": ["day", "account"], "take": {"errors": "sumIf(n, severity = 'ERROR')"},
             "join": "full", "on": ["day", "account"]},
        ],
        "fields": {"each": {"value": "cost / errors", "description": "Money an error."}},
    }  # fmt: skip
    found = answer(spec, order=(("day", False), ("account", False)))
    assert not found.notes
    assert ["day", "account", "cost", "errors", "each"] == found.table.column_names
    assert [
        (day(1), "111111111111", Decimal("10.100000000001"), 3, Decimal("3.366666666667")),
        (day(2), "111111111111", Decimal("3.3"), None, None),
        (day(2), "222222222222", Decimal("7.77"), 5, Decimal("1.554")),
        (day(3), "222222222222", Decimal("-1.17"), 2, Decimal("-0.585")),
    ] == [tuple(one.values()) for one in found.table.to_pylist()]


def test_a_join_that_may_repeat_rows_says_so(answer: Callable[..., Answer]) -> None:
    spec = {"sources": [{"use": "bill"}, {"use": "errors", "on": ["account"]}]}
    found = answer(spec)
    assert "sources[1] (errors) may have several rows for one account" in found.notes[0]
    assert {"errors.day", "severity", "day"} <= set(found.table.column_names)


def test_functions_over_rows_see_what_filters_leave(ask: Ask) -> None:
    spec = {**BILL, "fields": {"all": "sumOver(cost, [account])", "share": "percentOfTotal(cost)"},
            "filters": ["cost > 0"]}  # fmt: skip
    found = ask(
        spec, columns=(("a", "account"), ("all", "all"), ("share", "round(share, 1)")), order=(("share", True),)
    )
    assert [Decimal("13.400000000001"), Decimal("7.77"), Decimal("13.400000000001")] == [
        one["all"] for one in found[:3]
    ]
    assert [47.7, 36.7, 15.6, 0.0] == [one["share"] for one in found]


def test_a_running_total_of_days_is_over_the_grouped_rows(ask: Ask) -> None:
    columns = (("day", "day"), ("cost", "sum(cost)"), ("so_far", "runningSum(sum(cost), [day ASC])"),
               ("before", "lag(sum(cost), [day ASC], 1)"))  # fmt: skip
    found = ask(BILL, columns=columns, order=(("day", False),))
    assert [Decimal("10.100000000001"), Decimal("21.170000000001"), Decimal("20.000000000001")] == [
        one["so_far"] for one in found
    ]
    assert [None, Decimal("10.100000000001"), Decimal("11.07")] == [one["before"] for one in found]


def test_parameters_have_defaults_types_and_choices(ask: Ask) -> None:
    spec = {**BILL, "parameters": {"least": {"type": "money", "default": "5"},
                                   "of": {"type": "text", "default": "EC2", "choices": ["EC2", "S3"]}},
            "filters": ["cost >= ${least}", "service = ${of}"]}  # fmt: skip
    count = (("n", "count()"),)
    assert [{"n": 2}] == ask(spec, columns=count)
    assert [{"n": 1}] == ask(spec, columns=count, parameters={"least": "8"})
    assert [{"n": 0}] == ask(spec, columns=count, parameters={"of": "S3"})
    for wrong in ({"of": "RDS"}, {"least": "much"}, {"least": "NaN"}, {"most": 1}):
        with pytest.raises(InvalidInput, match="cannot set parameter"):
            ask(spec, parameters=wrong)


def test_a_range_a_limit_and_the_rest_are_told(answer: Callable[..., Answer]) -> None:
    found = answer(BILL, limit=2)
    assert (2, True) == (found.table.num_rows, found.more)
    found = answer(BILL, start_ms=FIRST, end_ms=FIRST + 1)
    assert (2, False) == (found.table.num_rows, found.more)
    assert {"bill": FIRST + 3 * 86_400_000} == found.until_ms


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ifelse(cost > 10, 'much', cost > 3, 'some', 'little')", "much"),
        ("switch(service, 'EC2', 1, 'S3', 2, 0)", 1),
        ("cost * 3", Decimal("30.3")),
        ("cost * 0.5", Decimal("5.05")),
        ("cost / 0", None),
        ("cost / cost", 1.0),
        ("hours / 0", None),
        ("cost - hours", Decimal("5.10")),
        ("-cost", Decimal("-10.10")),
        ("round(cost / 7, 2)", Decimal("1.44")),
        ("7 % 4", 3.0),
        ("1 + 2 * 3 - -4", 11),
        ("(1 + 2) * 3 = 9 and not (1 > 2)", True),
        ("team in ['vision', 'x'] or false", True),
        ("team not in ['vision', 'x']", False),
        ("team is not null", True),
        ("nullIf(team, 'vision')", None),
        ("label(tags, 'env')", "prod"),
        ("label(tags, 'none')", None),
        ("concat(toUpper(left(team, 1)), substring(team, 2, 3), '-', toString(1))", "Visi-1"),
        ("split('a,b,c', ',', 2)", "b"),
        ("replace(team, 'i', 'o')", "vosoon"),
        ("contains(team, 'sio') and startsWith(team, 'vi') and endsWith(team, 'on')", True),
        ("strlen(trim('  é  '))", 1),
        ("parseDecimal('1.5') + parseInt('2')", 3.5),
        ("truncDate('MM', addDateTime(40, 'DD', day))", datetime(2026, 12, 1, tzinfo=UTC)),
        ("truncDate('WK', '2026-11-04')", day(1)),
        ("dateDiff(day, '2026-11-03T12:00:00Z')", 2),
        ("dateDiff(day, '2026-11-03T12:00:00Z', 'HH')", 60),
        ("dateDiff(day, now())", 3),
        ("extract('WD', day)", 1),
        ("formatDate(day, 'yyyy-MM')", "2026-11"),
        ("epochDate(0)", datetime(1970, 1, 1, tzinfo=UTC)),
        ("day = '2026-11-01'", True),
        ("day in ['2026-11-01', '2026-11-02']", True),
        ("coalesce(null, 2.5, 1)", 2.5),
        ("coalesce(null, cost, 1)", Decimal("10.10")),
        ("abs(floor(0 - 1.5)) + ceil(0.2) + sqrt(4) + ln(1) + log(100)", 7.0),
        ("{team} = \"vision\" /* in braces */", True),
    ],
)  # fmt: skip
def test_functions_of_a_row(ask: Ask, expression: str, expected: object) -> None:
    found = ask(BILL, columns=(("x", expression),), where=("cost > 10",))
    assert [{"x": expected}] == found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("min(cost)", Decimal("-1.17")),
        ("max(day)", day(3)),
        ("distinct_count(service)", 2),
        ("count(team)", 4),
        ("countIf(team, team = 'vision')", 2),
        ("sumIf(cost, service = 'S3')", Decimal("2.13")),
        ("median(hours)", 3.0),
        ("percentile(hours, 100)", 5.0),
        ("latest(service, day)", "S3"),
        ("sum(cost) / sum(hours)", Decimal("1.818181818181")),
        ("stdev(hours) > 2", True),
        ("sum(hours) - 1", 10.0),
    ],
)
def test_aggregates_of_all_rows(ask: Ask, expression: str, expected: object) -> None:
    assert [{"x": expected}] == ask(BILL, columns=(("x", expression),))


def test_ranks_and_differences_over_grouped_rows(ask: Ask) -> None:
    columns = (("s", "service"), ("c", "sum(cost)"), ("rank", "rank([sum(cost) DESC])"),
               ("d", "difference(sum(cost), [service ASC], -1)"),
               ("top", "maxOver(sum(cost), [])"))  # fmt: skip
    found = ask(BILL, columns=columns, order=(("rank", False),))
    assert [("EC2", 1, None), ("S3", 2, Decimal("-15.740000000001"))] == [(o["s"], o["rank"], o["d"]) for o in found]
    assert {Decimal("17.870000000001")} == {one["top"] for one in found}


def test_a_source_that_answers_whole_rows_is_read_once_and_once_more_where_rows_are_finer(engine: Telemetry) -> None:
    looked: list[frozenset[str]] = []

    async def read(window: Window) -> Rows:
        looked.append(window.wanted)
        return Rows(
            [(at, at, 1.0, 2.0) for at in ((FIRST, FIRST + 3_600_000) if "hour" in window.wanted else (FIRST,))]
        )

    fields = (time("day", "Day."), time("hour", "Hour."), number("paid", "Paid."), number("idle", "Idle."))
    source = Source("hours", "Hours", "an hour", fields, read, whole=True, finer=frozenset(("hour",)))
    datasets = DatasetReader(engine, {"hours": source}, ManualClock(NOW))
    spec = read_spec({"sources": [{"use": "hours"}]})

    def total(*columns: str) -> list[dict[str, Any]]:
        asked = tuple((one, one if one == "hour" else f"sum({one})") for one in columns)
        return asyncio.run(datasets.run(spec, reader(), Query(columns=asked))).table.to_pylist()

    assert [[{"paid": 1.0}], [{"idle": 2.0}]] == [total("paid"), total("idle")]
    assert 2 == len(total("hour", "idle"))
    assert [False, True] == ["hour" in one for one in looked]
