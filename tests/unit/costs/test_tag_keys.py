"""Spellings of a tag's key are one key, in Python and in SQL alike, and an exact key is that spelling alone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.costs.bills import CUR2, sums, table
from tests.unit.costs.conftest import Room, run

from depth import examples
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.costs.model import And, CostQuery, Match, Metric, Not, Or, Tag, Where
from trimtab.costs.tag_keys import loose, mapped, merged, value_sql
from trimtab.inventory.tag_keys import meant, value_of
from trimtab.store.telemetry.client import Telemetry

RULED = Tag("team", ruled=True, aliases=("owner", "Squad"), lower=True, values=(("ML  platform", "machines"),))


@pytest.mark.parametrize(
    ("tag", "pairs", "expected"),
    [
        (Tag("team"), {"Team": "Search"}, "Search"),
        (Tag("TEAM"), {"team": "a", "Team": "b"}, "a"),
        (Tag("team"), {" Team ": "Search"}, "Search"),
        (Tag(" Team", exact=True), {"Team": "a"}, ""),
        (Tag("team"), {"TEAM": "x", "Team": "y"}, "x"),
        (Tag("team"), {"team": "  ", "Team": "y"}, "y"),
        (Tag("team"), {"team": "\t ml \u00a0platform\n"}, "ml platform"),
        (Tag("team"), {"owner": "a"}, ""),
        (Tag("Team", exact=True), {"team": "a"}, ""),
        (Tag("Team", exact=True), {"Team": " A "}, " A "),
        (RULED, {"owner": "Ads", "TEAM": "Search"}, "ads"),
        (RULED, {"OWNER": "Ads", "squad": "Bees"}, "ads"),
        (RULED, {"team": "ml Platform"}, "machines"),
        (RULED, {}, ""),
    ],
)
def test_a_line_has_the_first_spelling_that_says_something(tag: Tag, pairs: dict[str, str], expected: str) -> None:
    assert expected == value_of(tag, pairs)


keys = st.sampled_from(
    ["team", "Team", "TEAM", " team", "Team ", " OWNER ", "owner", "Owner", "squad", "Squad", "cost center", "other"]
)
texts = st.text(st.sampled_from("aAbBüÜ \t\u00a0-"), max_size=6) | st.sampled_from(["ML platform", " ml  PLATFORM "])


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.dictionaries(keys, texts, max_size=5), min_size=1, max_size=12),
    st.sampled_from(
        [Tag("team"), Tag("TEAM "), Tag("Team", exact=True), RULED, Tag("x", ruled=True, aliases=("OWNER",))]
    ),
)
def test_the_engine_reads_a_tag_as_python_does(engine: Telemetry, lines: list[dict[str, str]], tag: Tag) -> None:
    params: dict[str, Any] = {}

    def bind(value: object, type_: str) -> str:
        params[f"p{len(params)}"] = value
        return f"{{p{len(params) - 1}:{type_}}}"

    shown = value_sql(tag, "pairs", bind)
    rows = bind([list(one) for one in lines], "Array(Array(String))")
    texts_ = bind([list(one.values()) for one in lines], "Array(Array(String))")
    found = engine.fetch_sync(
        f"SELECT {shown} AS value FROM (SELECT n, CAST(mapFromArrays({rows}[n], {texts_}[n]) AS "
        f"Map(LowCardinality(String), String)) AS pairs FROM (SELECT arrayJoin(range(1, {len(lines) + 1})) AS n)) "
        "ORDER BY n",
        params,
    )
    assert [value_of(tag, one) for one in lines] == [str(value) for value in found["value"]]


def test_values_that_a_filter_asks_for_are_written_as_the_tag_writes_them() -> None:
    asked = Where(Tag("Team"), ("Search", " search ", "ML Platform"))
    assert Where(RULED, ("search", "machines")) == mapped(asked, lambda _: RULED)
    starts = Where(Tag("Team"), ("Se",), Match.STARTS_WITH)
    assert Where(RULED, ("Se",), Match.STARTS_WITH) == mapped(starts, lambda _: RULED)
    assert "A b" == meant(Tag("team"), " A  b")


def test_a_loose_filter_has_no_exact_keys_however_deep() -> None:
    exact, any_ = Where(Tag("Team", exact=True), ("a",)), Where(Tag("Team"), ("a",))
    assert And((Or((any_, Not(any_))), any_)) == loose(And((Or((exact, Not(exact))), exact)))
    assert loose(None) is None


def test_spellings_are_listed_once() -> None:
    assert ["CostCenter", "TEAM", "x"] == merged(["x", "TEAM", "Team", "CostCenter"])
    assert ["team"] == merged(["TEAM", "team", "Team"])


Bring = Callable[..., None]


@pytest.fixture
def bring(room: Room) -> Bring:
    def write(*tags: str) -> None:
        rows = [{"line_item_unblended_cost": str(10**at), "resource_tags": pairs} for at, pairs in enumerate(tags)]
        room.bring("bill.csv", table(CUR2, *rows))

    return write


def test_a_bill_is_grouped_and_filtered_by_any_spelling(room: Room, bring: Bring) -> None:
    spelled = [("Team", "search"), ("team", "search"), ("TEAM", " search "), ("team", "Search")]
    bring(*(f'{{"user_{key}":"{value}"}}' for key, value in spelled), "{}")
    expected = {"search": Decimal(111), "Search": Decimal(1000), "": Decimal(10000)}
    assert expected == sums(room, Tag("team")) == sums(room, Tag("tEAM"))
    assert {"search": Decimal(1), "": Decimal(11110)} == sums(room, Tag("Team", exact=True))
    assert {"search": Decimal(111)} == sums(room, Tag("team"), where=Where(Tag("TEAM"), (" search",)))
    assert {(): Decimal(1)} == sums(room, where=Where(Tag("Team", exact=True), ("search",)))
    assert {(): Decimal(10000)} == sums(room, where=Where(Tag("Team"), match=Match.ABSENT))


def test_keys_are_listed_once_and_exactly_on_demand(room: Room, bring: Bring) -> None:
    bring('{"user_Team":"search"}', '{"user_team":"search","user_App":"x"}')
    extent = run(room.reader.extent())
    assert extent is not None
    assert ["App", "team"] == run(room.reader.tag_keys(EVERYTHING, *extent))
    assert ["App", "Team", "team"] == run(room.reader.tag_keys(EVERYTHING, *extent, exact=True))


def test_a_scope_of_rows_sees_its_team_under_any_spelling(room: Room, bring: Bring) -> None:
    bring('{"user_Team":"search"}', '{"user_team":"search"}', '{"user_team":"ads"}')
    extent = run(room.reader.extent())
    assert extent is not None
    scope = Scope(rows=(RowRule("team", frozenset({"search"})),))
    rows = run(room.reader.costs(scope, CostQuery(*extent, (Metric.BILLED,))))
    assert [Decimal(11)] == [row.amounts[0] for row in rows]
