"""Teams: hours and dollars that add up, what is left of budgets, and one team in full."""

import csv
import io
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_state
from trimtab.base.clock import ManualClock
from trimtab.web.teams import budgets_left, team_of


@pytest.fixture
def pages(clock: ManualClock, open_pages) -> AsgiClient:  # type: ignore[no-untyped-def]  # a fixture's callable
    opened: AsgiClient = open_pages(build_state(3, clock, gpus=True))
    return opened


def test_hours_and_dollars_of_the_teams_add_up_to_the_last_row(pages: AsgiClient) -> None:
    *rows, whole = pages.get("/teams.json").json()["teams"]
    assert ["foundation", "search", "assistant", "vision", "(held by nobody)"] == [row["team"] for row in rows]
    assert "All" == whole["team"]
    for name in ("existing", "down", "held", "free", "unknown", "active", "inactive", "unmeasured", "idle"):
        assert sum(row[name] for row in rows) == pytest.approx(whole[name])
    for name in ("cost", "idle_cost"):
        added = sum((Decimal(row[name].get("USD", "0")) for row in rows), Decimal(0))
        assert abs(added - Decimal(whole[name]["USD"])) <= (0 if name == "cost" else Decimal("1e-11"))
    assert Decimal(whole["idle_cost"]["USD"]) < Decimal(whole["cost"]["USD"])


def test_the_overview_and_the_page_and_its_files_say_the_same(pages: AsgiClient) -> None:
    teams = pages.get("/teams.json").json()["teams"]
    assert teams == pages.get("/overview.json").json()["gpus"]["by_team"]
    lines = list(csv.DictReader(io.StringIO(pages.get("/teams.csv").text)))
    assert [row["team"] for row in teams] == [line["team"] for line in lines]
    assert [row["cost"].get("USD", "") for row in teams] == [line["cost"] for line in lines]
    assert {"net amortised"} == {line["basis"] for line in lines}
    for path in ("/", "/teams"):
        page = pages.get(path).text
        assert '<a href="/teams/foundation">foundation</a>' in page
        assert "(held by nobody)" in page


def test_a_team_has_a_page_with_its_hours_runs_and_people(pages: AsgiClient) -> None:
    body = pages.get("/teams/foundation.json").json()
    assert (96.0, 96.0) == (body["team"]["held"], body["team"]["existing"])
    assert ["mira"] == body["people"]
    assert [("101", 96.0, 660.48)] == [(run["job"], run["gpu_hours"], run["cost"]) for run in body["runs"]]
    assert body["team"]["cost"]["USD"] == "660.480000000000"  # what its runs cost
    page = pages.get("/teams/foundation").text
    for said in ("GPU time $", "Who ran them: mira", "16 GPUs held now", "net amortised"):
        assert said in page, said
    assert "unmeasured" in pages.get("/teams/foundation.csv").text.splitlines()[0]
    assert 200 == pages.get("/teams/(held by nobody)").status_code
    assert 404 == pages.get("/teams/nobody-here").status_code


def test_the_basis_is_in_the_url_and_a_wrong_one_says_what_was_expected(pages: AsgiClient) -> None:
    assert "billed" == pages.get("/teams.json?basis=billed").json()["basis"]
    answer = pages.get("/teams?basis=guess")
    assert (400, True) == (answer.status_code, "expected one of billed, amortised, net amortised" in answer.text)


def test_without_gpus_the_page_says_how_to_connect_them(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    empty = open_pages(build_state(0, clock))
    assert "No GPU existed in this range" in empty.get("/teams").text
    assert [] == empty.get("/teams.json").json()["teams"]


@pytest.mark.parametrize(
    ("form", "team"),
    [
        ({"CostFilters": {"TagKeyValue": ["user:team$vision"]}}, "vision"),
        ({"FilterExpression": {"Tags": {"Key": "team", "Values": ["search", "Search"]}}}, "search"),
        ({"FilterExpression": {"CostCategories": {"Key": "Team", "Values": ["ads"]}}}, "ads"),
        ({"FilterExpression": {"Tags": {"Key": "team", "Values": ["ads", "search"]}}}, ""),
        ({"FilterExpression": {"Tags": {"Key": "env", "Values": ["ads"]}}}, ""),
        ({"FilterExpression": {"Not": {"Tags": {"Key": "team", "Values": ["ads"]}}}}, ""),
        ({"CostFilters": {"TagKeyValue": ["user:team$vision"], "Service": ["EC2"]}}, ""),
        ({}, ""),
    ],
)
def test_a_budget_is_a_teams_where_it_sums_that_teams_cost_alone(form: dict[str, Any], team: str) -> None:
    assert team == team_of(form)


def test_of_several_budgets_the_one_with_least_left_is_shown() -> None:
    def budget(name: str, limit: int, actual: int | None) -> Any:
        def spend(amount: int | None) -> Any:
            return None if amount is None else SimpleNamespace(amount=Decimal(amount), unit="USD")

        standing = SimpleNamespace(limit=spend(limit), actual=spend(actual))
        form = {"CostFilters": {"TagKeyValue": ["user:team$Vision"]}}
        return SimpleNamespace(
            name=name, account="1", form=form, standing=standing, type=SimpleNamespace(is_share=False)
        )

    found = budgets_left(cast(Any, [budget("wide", 100, 10), budget("tight", 50, 60), budget("new", 9, None)]))
    assert [("vision", "tight", Decimal(-10))] == [(team, one.name, one.left) for team, one in found.items()]
