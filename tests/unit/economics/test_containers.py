"""Split lines of containers share out their machine's cost, and count nowhere twice."""

from decimal import Decimal

import pytest
from tests.unit.economics.conftest import House, line, run

from trimtab.access.scope import Scope
from trimtab.costs.model import CostCategory, CostQuery, Dimension, Metric, Tag
from trimtab.economics.months import bounds

NODE = {"line_item_resource_id": "i-1", "product_instance_type": "p5.48xlarge"}
RULES = """
categories:
  - name: team
    rules: [{inherit: "tag:team"}, {inherit: "tag:aws_eks_namespace"}]
shared:
  - {name: nodes, when: {instance-type: {starts-with: p5}}, charge: CHARGE}
"""
AUGUST = bounds(202608)


def pod(name: str, used: str, unused: str, *, day: int = 3, parent: str = "i-1", **tags: str) -> dict[str, str]:
    return line(
        cost="0",
        service="AmazonEKS",
        day=day,
        line_item_resource_id=f"arn:aws:eks:us-east-1:111111111111:pod/prod/default/{name}/1",
        split_line_item_parent_resource_id=parent,
        split_line_item_split_cost=used,
        split_line_item_unused_cost=unused,
        product_instance_type="",
        **tags,
    )


def bill() -> list[dict[str, str]]:
    none = {f"split_line_item_{name}": "" for name in ("parent_resource_id", "split_cost", "unused_cost")}
    return [
        line(cost="90", team="platform", **NODE, **none),
        line(cost="10", team="platform", day=4, **NODE, **none),  # a day of which no container is known
        pod("a", "30", "15", tag_aws_eks_namespace="ranking"),
        pod("b", "15", "0", tag_aws_eks_namespace="ranking"),
        pod("c", "20", "10", tag_aws_eks_namespace="vision"),
        pod("d", "5", "5", parent="i-2", tag_aws_eks_namespace="vision"),  # whose machine is not shared
    ]


@pytest.mark.parametrize(
    ("charge", "expected"),
    [
        ("allocated", {"platform": 10, "ranking": 60, "vision": 30}),
        ("used", {"platform": 10, "ranking": 45, "vision": 20, "unowned": 25}),
    ],
)
def test_a_machine_that_no_scheduler_knows_goes_by_its_containers(
    house: House, charge: str, expected: dict[str, int]
) -> None:
    house.bring(bill())
    house.apply(RULES.replace("CHARGE", charge))
    statement = house.statement()
    owners: dict[str, Decimal] = {}
    for one in statement.lines:
        if one.amount:
            owners[one.key.owner] = owners.get(one.key.owner, Decimal(0)) + one.amount
    assert expected == owners
    assert {"", "nodes: containers, used", "nodes: containers, idle"} == {
        one.key.via for one in statement.lines if one.amount
    }
    assert not [one for one in run(house.room.statements.reconcile(statement)) if one.difference]
    query = CostQuery(*AUGUST, (Metric.UNBLENDED,), group_by=(CostCategory("team"),))
    assert expected == {
        row.keys[0]: row.amounts[0] for row in run(house.room.bills.costs(Scope(), query)) if row.amounts[0]
    }


def test_shares_are_a_sum_of_their_own_and_no_part_of_the_bill(house: House) -> None:
    house.bring(bill())
    metrics = (Metric.UNBLENDED, Metric.SPLIT, Metric.SPLIT_UNUSED)
    [whole] = run(house.bills.costs(Scope(), CostQuery(*AUGUST, metrics)))
    assert (Decimal(100), Decimal(70), Decimal(30)) == whole.amounts
    spaces = run(house.bills.costs(Scope(), CostQuery(*AUGUST, metrics, group_by=(Tag("aws_eks_namespace"),))))
    assert {"": (100, 0, 0), "ranking": (0, 45, 15), "vision": (0, 25, 15)} == {
        row.keys[0]: row.amounts for row in spaces
    }
    parents = run(house.bills.costs(Scope(), CostQuery(*AUGUST, metrics, group_by=(Dimension.SPLIT_PARENT,))))
    assert {"": (100, 0, 0), "i-1": (0, 65, 25), "i-2": (0, 5, 5)} == {row.keys[0]: row.amounts for row in parents}


def test_containers_are_no_untagged_cost(house: House) -> None:
    house.bring([*bill(), pod("e", "1", "1")])
    report = run(house.room.tags.untagged(202608))
    assert ((), Decimal(0)) == (report.rows, report.total["USD"])
