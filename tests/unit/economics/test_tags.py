"""Reports about tags: keys, compliance with policies, and cost that nobody owns with a guess at whose it is."""

from decimal import Decimal

from tests.unit.economics.conftest import PLAN, House, every_kind, line, run
from tests.unit.economics.pretended import Holding, Machine

from trimtab.economics.months import bounds
from trimtab.economics.rules.model import UNUSED
from trimtab.economics.statements.model import Kind
from trimtab.economics.tags.model import Evidence
from trimtab.economics.tags.suggest import Facts, Seen, suggest

RULES = """
tags:
  - {key: team, aliases: [owner], values: {srch: search}}
  - {key: project, active: false}
policies:
  - {key: team, allowed: [search, ads], where: {charge-category: Usage}}
  - {key: cost-centre, pattern: "cc-[0-9]+"}
"""


def test_keys_say_what_the_rules_make_of_them(house: House) -> None:
    house.bring([line(cost="6", team="a"), line(cost="3", tag_Owner="b", tag_project="x"), line(cost="1", tag_env="p")])
    house.apply(RULES)
    keys = {one.key: one for one in run(house.room.tags.keys(202608))}
    assert ("team", True, "") == (keys["team"].meant, keys["team"].active, keys["team"].note)
    assert ("team", "counts as team") == (keys["Owner"].meant, keys["Owner"].note)
    assert ("project", False, "not active") == (keys["project"].meant, keys["project"].active, keys["project"].note)
    assert "no rule" == keys["env"].note
    assert (Decimal(6), 0.6, 1, 1) == (keys["team"].cost, keys["team"].share, keys["team"].lines, keys["team"].values)


def test_compliance_is_told_by_owner(house: House) -> None:
    bill = [
        line(cost="6", team="Srch", **{"tag_cost-centre": "cc-12"}),
        line(cost="2", team="search", **{"tag_cost-centre": "twelve"}),
        line(cost="3", team="data"),
        line(cost="1"),
        line("Tax", "5"),
    ]
    house.bring(bill)
    house.apply(RULES)
    found = {(one.key, one.owner): one for one in run(house.room.tags.compliance(202608))}
    team = found["team", "search"]
    assert (Decimal(8), Decimal(0), Decimal(0), 1.0) == (team.compliant, team.missing, team.wrong, team.share)
    assert (Decimal(3), "data") == (found["team", "data"].wrong, found["team", "data"].example)
    assert Decimal(1) == found["team", "unowned"].missing
    centre = found["cost-centre", "search"]
    assert (Decimal(6), Decimal(2), "twelve", 0.75) == (centre.compliant, centre.wrong, centre.example, centre.share)
    assert Decimal(6) == found["cost-centre", "unowned"].missing


def test_untagged_cost_has_a_suggested_owner_and_a_reason(house: House) -> None:
    bill = [
        *every_kind(),
        line(cost="9", line_item_resource_id="i-1", account="333333333333"),
        line(cost="1", line_item_resource_id="i-1", account="333333333333", team="data", month="2026-07"),
        line(cost="8", line_item_resource_id="arn:aws:s3:::ads-models-eu", account="444444444444"),
        line(cost="7", line_item_resource_id="vol-9", account="222222222222"),
        line(cost="2", line_item_resource_id="vol-8", account="555555555555"),
    ]
    house.bring(bill)
    report = run(house.room.tags.untagged(202608))
    found = {row.resource: row for row in report.rows}
    assert ("data", Evidence.SAME_RESOURCE, "the same resource belongs to data in 2026-07") == _told(found["i-1"])
    assert "ads" == _told(found["arn:aws:s3:::ads-models-eu"])[0]
    expected = ("ads", Evidence.ACCOUNT, "100% of what is owned in account 222222222222 belongs to ads")
    assert expected == _told(found["vol-9"])
    assert found["vol-8"].suggestion is None
    assert report.total == report.listed
    owned = sum(one.amount for one in house.statement().lines if one.key.owner not in ("unowned", UNUSED))
    assert report.owned["USD"] == owned


def test_charges_that_are_no_usage_are_told_apart_and_all_adds_up(house: House) -> None:
    plan = {"savings_plan_savings_plan_a_r_n": PLAN}
    covered = {**plan, "savings_plan_savings_plan_effective_cost": "7"}
    bill = [
        *every_kind(),
        line("SavingsPlanCoveredUsage", "9", line_item_resource_id="i-9", **covered),
        line("SavingsPlanNegation", "-9", line_item_resource_id="i-9", **plan),
    ]
    house.bring(bill)
    house.apply("basis: billed")
    report = run(house.room.tags.untagged(202608))
    assert {"i-9": Decimal(9), "": Decimal("7.77")} == {row.resource: row.cost for row in report.rows}
    assert report.total == report.listed == {"USD": Decimal("16.77")}
    apart = {one.kind: one.cost for one in report.apart}
    assert Decimal(-9) == apart[Kind.COMMITMENT_DISCOUNT]
    assert Decimal("6.68") == apart[Kind.TAX]
    assert {Decimal("-4.5"), Decimal("-1.25")} == {apart[Kind.CREDIT], apart[Kind.REFUND]}
    assert {"SUPPORT", "COMMITMENT_FEE", "UNUSED_COMMITMENT"} < {kind.name for kind in apart}
    assert report.billed["USD"] == report.owned["USD"] + report.total["USD"] + sum(apart.values())


def _told(row: object) -> tuple[str, Evidence, str]:
    found = row.suggestion  # type: ignore[attr-defined]
    assert found is not None
    return found.owner, found.evidence, found.reason


def test_the_nearest_month_speaks_first_and_short_names_are_not_guessed() -> None:
    seen = {"i-1": [Seen("a", 202601, Decimal(99)), Seen("b", 202607, Decimal(1))]}
    accounts = {"1": {"ml": Decimal(5), "search-ranking": Decimal(5)}}
    facts = Facts(202608, seen, accounts)
    first = suggest("i-1", "", "1", facts)
    assert first is not None
    assert "b" == first.owner
    assert suggest("ml-html-bucket", "", "1", facts) is None
    named = suggest("i-2", "prod-search-ranking-7", "9", facts)
    assert named is not None
    assert ("search-ranking", Evidence.NAME) == (named.owner, named.evidence)


def test_a_machine_without_a_tag_that_somebody_held_is_owned_as_on_the_statement(house: House) -> None:
    day = bounds(202608)[0] + 2 * 86_400_000
    machine = {"line_item_resource_id": "i-1", "product_instance_type": "p5.48xlarge"}
    house.bring([line(cost="24", **machine), line(cost="3", team="ads")])
    house.told.known["i-1"] = Machine(("0", "1"), [Holding("0", "search", day, day + 86_400_000)])
    report = run(house.room.tags.untagged(202608))
    assert {"USD": Decimal(15)} == report.owned
    assert {"USD": Decimal(12)} == report.total == report.listed
    assert [("i-1", Decimal(12), 1)] == [(row.resource, row.cost, row.lines) for row in report.rows]
    assert Decimal(12) == sum(one.amount for one in house.statement().lines if one.key.owner == "unowned")
