"""Saved views: replaced by name, apart by account, refused where they are no views."""

import pytest
from tests.unit.costs.conftest import run

from trimtab.access.scope import RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.costs.reports import MOST, CostReports
from trimtab.store.state.database import State


@pytest.fixture
def reports(state: State) -> CostReports:
    return CostReports(state, ManualClock())


def test_a_view_is_kept_and_replaced_by_name(reports: CostReports) -> None:
    run(reports.save(None, " by  team ", "group=tag:team", "ann"))
    run(reports.save(None, "by team", "group=tag:team&metric=billed", "bob"))
    assert [(one.name, one.query, one.saved_by) for one in run(reports.listed(None))] == [
        ("by team", "group=tag:team&metric=billed", "bob")
    ]


def test_accounts_do_not_see_each_others(reports: CostReports) -> None:
    run(reports.save("111111111111", "mine", "", "ann"))
    assert run(reports.listed("222222222222")) == run(reports.listed(None)) == []
    with pytest.raises(NotFound):
        run(reports.delete("222222222222", "mine"))
    run(reports.delete("111111111111", "mine"))
    assert run(reports.listed("111111111111")) == []


def test_teams_neither_see_nor_change_each_others(reports: CostReports) -> None:
    vision, search = (Scope(rows=(RowRule("team", frozenset((team,))),)) for team in ("vision", "search"))
    run(reports.save(None, "everybody's", "", "ann"))
    run(reports.save(None, "mine", "a", "ann", vision))
    assert [one.name for one in run(reports.listed(None, vision))] == ["mine"]
    assert run(reports.listed(None, search)) == []
    assert len(run(reports.listed(None))) == 2
    with pytest.raises(Conflict, match="another team has one of that name"):
        run(reports.save(None, "mine", "b", "bob", search))
    with pytest.raises(NotFound, match="there is none of that name"):
        run(reports.delete(None, "mine", search))
    run(reports.save(None, "mine", "b", "ann", vision))
    assert [one.query for one in run(reports.listed(None, vision))] == ["b"]
    run(reports.delete(None, "mine", vision))


@pytest.mark.parametrize(("name", "query"), [("", ""), ("a/b", ""), ("n" * 101, ""), ("n", "q" * 4097)])
def test_what_is_no_view_is_refused(reports: CostReports, name: str, query: str) -> None:
    with pytest.raises(InvalidInput):
        run(reports.save(None, name, query, "ann"))


def test_there_is_an_end(reports: CostReports) -> None:
    for number in range(MOST):
        run(reports.save(None, str(number), "", "ann"))
    with pytest.raises(LimitExceeded):
        run(reports.save(None, "one more", "", "ann"))
    run(reports.save(None, "7", "again", "ann"))
    assert len(run(reports.listed(None))) == MOST
