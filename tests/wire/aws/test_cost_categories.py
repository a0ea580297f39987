"""boto3's cost categories against a live server of its own: definitions come back, and splits are carried."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from brought import bring
from live_server import LiveServer
from made_bill import cur2

pytestmark = pytest.mark.wire
AUGUST = {"Start": "2026-08-01", "End": "2026-09-01"}
GROUP = [{"Type": "COST_CATEGORY", "Key": "Unit"}]
RULES = [
    {"Value": "shared", "Rule": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Tax"], "MatchOptions": ["EQUALS"]}}},
    {"Type": "INHERITED_VALUE", "InheritedValue": {"DimensionName": "TAG", "DimensionKey": "team"}},
]
SPLITS = [{"Source": "shared", "Targets": ["search", "vision"], "Method": "PROPORTIONAL"}]


@pytest.fixture(scope="module")
def ce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("categories")
    live = LiveServer(folder / "data").start()
    path = folder / "made.csv"
    path.write_text(cur2())
    bring(live, path)
    yield boto3.client(
        "ce", endpoint_url=live.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    live.stop()


def by_unit(ce: Any, **more: Any) -> dict[str, Decimal]:
    answer = ce.get_cost_and_usage(TimePeriod=AUGUST, Granularity="MONTHLY", Metrics=["UnblendedCost"], **more)
    [period] = answer["ResultsByTime"]
    return {one["Keys"][0]: Decimal(one["Metrics"]["UnblendedCost"]["Amount"]) for one in period["Groups"]}


def create(ce: Any, **more: Any) -> str:
    made = ce.create_cost_category_definition(
        Name="Unit",
        RuleVersion="CostCategoryExpression.v1",
        Rules=RULES,
        EffectiveStart="2026-07-01T00:00:00Z",
        DefaultValue="nobody",
        **more,
    )
    assert "2026-07-01T00:00:00Z" == made["EffectiveStart"]
    return str(made["CostCategoryArn"])


def test_a_category_lives_its_life_and_its_split_is_carried(ce: Any) -> None:
    tags = [{"Type": "TAG", "Key": "team"}]
    before = by_unit(ce, GroupBy=tags)
    arn = create(ce)
    unsplit = by_unit(ce, GroupBy=GROUP)
    assert unsplit["Unit$shared"] > 0
    assert before == by_unit(ce, GroupBy=tags)  # a category changes nothing of what tags are

    ce.update_cost_category_definition(
        CostCategoryArn=arn, RuleVersion="CostCategoryExpression.v1", Rules=RULES, SplitChargeRules=SPLITS
    )
    split = by_unit(ce, GroupBy=GROUP)
    assert "Unit$shared" not in split
    assert sum(unsplit.values()) == sum(split.values())
    only = {"CostCategories": {"Key": "Unit", "Values": ["search"]}}
    [period] = ce.get_cost_and_usage(TimePeriod=AUGUST, Granularity="MONTHLY", Metrics=["UnblendedCost"], Filter=only)[
        "ResultsByTime"
    ]
    assert split["Unit$search"] == Decimal(period["Total"]["UnblendedCost"]["Amount"])

    found = ce.describe_cost_category_definition(CostCategoryArn=arn)["CostCategory"]
    assert ("Unit", "2026-07-01T00:00:00Z") == (found["Name"], found["EffectiveStart"])
    assert [{**RULES[0], "Type": "REGULAR"}, RULES[1]] == found["Rules"]
    assert SPLITS == found["SplitChargeRules"]
    listed = ce.list_cost_category_definitions()["CostCategoryReferences"]
    assert arn in {one["CostCategoryArn"] for one in listed}
    names = ce.get_cost_categories(TimePeriod=AUGUST)["CostCategoryNames"]
    assert "Unit" in names
    values = ce.get_cost_categories(TimePeriod=AUGUST, CostCategoryName="Unit")["CostCategoryValues"]
    assert {one.removeprefix("Unit$") for one in split} == set(values)

    ce.delete_cost_category_definition(CostCategoryArn=arn)
    with pytest.raises(ClientError) as gone:
        ce.describe_cost_category_definition(CostCategoryArn=arn)
    assert "ResourceNotFoundException" == gone.value.response["Error"]["Code"]


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ({"Source": "shared", "Targets": ["shared"], "Method": "EVEN"}, "a source cannot be a target"),
        ({"Source": "shared", "Targets": ["a", "b"], "Method": "FIXED"}, "as many ALLOCATION_PERCENTAGES as Targets"),
        (
            {
                "Source": "shared",
                "Targets": ["a", "b"],
                "Method": "FIXED",
                "Parameters": [{"Type": "ALLOCATION_PERCENTAGES", "Values": ["60", "50"]}],
            },
            "got shares of 110 %",
        ),
    ],
)
def test_a_split_that_cannot_be_is_refused(ce: Any, split: Any, words: str) -> None:
    with pytest.raises(ClientError) as refused:
        create(ce, SplitChargeRules=[split])
    assert "ValidationException" == refused.value.response["Error"]["Code"]
    assert words in refused.value.response["Error"]["Message"]
