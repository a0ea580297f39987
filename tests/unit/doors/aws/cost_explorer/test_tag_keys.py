"""A tag on AWS's wire is its key as it is spelled; a budget, a monitor and a category's rule mean any spelling."""

from typing import Any

import pytest

from trimtab.budgets.filters import where_of
from trimtab.costs.anomalies.form import where_of as monitored
from trimtab.costs.anomalies.model import CHARGES, Monitor
from trimtab.costs.model import And, Match, Not, Tag, Where
from trimtab.doors.aws.cost_explorer.category_forms import read_category
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.names import facet_of, key_of

TEAM = {"Tags": {"Key": "Team", "Values": ["search"]}}


def test_cost_explorer_keeps_the_spelling() -> None:
    assert Tag("Team", exact=True) == facet_of("TAG", "Team")
    assert "Team$x" == key_of(facet_of("TAG", "Team"), "x")
    exact = Where(Tag("Team", exact=True), ("search",))
    assert exact == read_filter(TEAM)
    absent = {"Tags": {"Key": "Team", "MatchOptions": ["ABSENT"]}}
    expected = And((Not(exact), Where(Tag("Team", exact=True), match=Match.ABSENT)))
    assert expected == read_filter({"And": [{"Not": TEAM}, absent]})


@pytest.mark.parametrize(
    "filters", [{"FilterExpression": TEAM}, {"CostFilters": {"TagKeyValue": ["user:Team$search"]}}]
)
def test_a_budget_means_any_spelling(filters: dict[str, Any]) -> None:
    form = {"BudgetType": "COST", "Metrics": ["NetAmortizedCost"], **filters}
    assert Where(Tag("Team"), ("search",)) == where_of(form, read_filter)


def test_a_monitor_means_any_spelling() -> None:
    form = {"MonitorType": "CUSTOM", "MonitorSpecification": TEAM}
    assert And((CHARGES, Where(Tag("Team"), ("search",)))) == monitored(Monitor("", "", form, 0, 0), read_filter)


def test_a_rule_of_a_category_means_any_spelling() -> None:
    request = {"Rules": [{"Value": "s", "Rule": TEAM}], "RuleVersion": "CostCategoryExpression.v1"}
    (rule,) = read_category("team", request, 0).rules
    assert Where(Tag("Team"), ("search",)) == rule.when
