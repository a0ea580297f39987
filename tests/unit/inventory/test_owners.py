"""Whose a resource is: each who is asked in his turn, several holders, spellings of tags, and nobody."""

import pytest

from trimtab.base.records import replace
from trimtab.inventory.owners import NO_RULES, Claims, Holding, Owner, OwnerRules, owner_of, resolved
from trimtab.inventory.tag_keys import TagKey

RUN = Holding("research", "run moe-ablation-0 (SLURM)", 0.92)
RULES = OwnerRules(
    (TagKey("cost-unit", ruled=True, aliases=("CostCentre",), lower=True, values=(("ML", "machine-learning"),)),),
    {"1234": "research"},
    frozenset({"unowned"}),
)
ALL = Claims((RUN,), {"Team": "vision"}, "search", "data", "1234")


def test_who_held_it_comes_before_all_others() -> None:
    expected = Owner("research", "held 92 % of the time by run moe-ablation-0 (SLURM)")
    assert expected == resolved(ALL, RULES)


def test_each_is_asked_only_where_those_before_say_nothing() -> None:
    rules = replace(RULES, accounts={"1234": "platform"})
    claims, found = ALL, []
    for silent in ({}, {"holdings": ()}, {"tags": {}}, {"told": ""}, {"billed": ""}, {"account": "99"}):
        claims = replace(claims, **silent)
        found.append(resolved(claims, rules))
    assert [
        Owner("research", "held 92 % of the time by run moe-ablation-0 (SLURM)"),
        Owner("vision", "tag Team"),
        Owner("search", "the inventory names its owner"),
        Owner("data", "its lines on the bill are data's"),
        Owner("platform", "account 1234 is platform's"),
        Owner("", "no run held it, no tag names an owner, and no rule says whose account 99 is"),
    ] == found


def test_several_holders_are_named_and_the_one_that_held_most_is_the_owner() -> None:
    holdings = (
        Holding("vision", "run b (SLURM)", 0.31),
        Holding("research", "run a (SLURM)", 0.2),
        Holding("research", "run c (SLURM)", 0.25),
        Holding("data", "run d (SLURM)", 0.002),
    )
    reason = (
        "held by several, most by research: 45 % by research (run c (SLURM), run a (SLURM)), 31 % by vision "
        "(run b (SLURM)), less than 1 % by data (run d (SLURM))"
    )
    assert Owner("research", reason) == resolved(Claims(holdings))
    assert resolved(Claims(holdings)) == resolved(Claims(holdings[::-1]))


def test_many_runs_and_teams_are_counted() -> None:
    runs = tuple(Holding("research", f"run {at} (SLURM)", 0.1) for at in range(5))
    assert resolved(Claims(runs)).reason.endswith("by run 0 (SLURM), run 1 (SLURM), run 2 (SLURM) and 2 more")
    teams = tuple(Holding(f"team-{at}", f"run {at} (SLURM)", 0.1) for at in range(5))
    assert resolved(Claims(teams)).reason.endswith(" and 2 more teams")
    assert "team-0" == resolved(Claims(teams)).name


def test_a_run_of_no_team_names_nobody() -> None:
    claims = Claims((Holding("", "run x (SLURM)", 0.9),), {"owner": "vision"})
    assert Owner("vision", "tag owner") == resolved(claims)


@pytest.mark.parametrize(
    ("tags", "owner", "reason"),
    [
        ({"COST-UNIT": " Search  Ads "}, "search ads", "tag COST-UNIT"),
        ({"costcentre": "ml"}, "machine-learning", "tag costcentre"),
        ({"CostCentre": "a", "cost-unit": "b"}, "b", "tag cost-unit"),
        ({"cost-unit": " ", "Project": "Atlas"}, "Atlas", "tag Project"),
        ({"cost-unit": "unowned", "owner": "ann"}, "ann", "tag owner"),
    ],
)
def test_tags_are_read_as_the_allocation_reads_them(tags: dict[str, str], owner: str, reason: str) -> None:
    assert Owner(owner, reason) == resolved(Claims(tags=tags), RULES)
    assert owner == owner_of(tags, RULES)


def test_an_explicit_rule_comes_before_the_tag_and_a_rule_of_the_account_after_it() -> None:
    explicit = replace(RULES, explicit=True)
    by_rule = Claims(tags={"team": "vision"}, billed="platform", account="1234")
    assert Owner("platform", "the allocation rules give its cost to platform") == resolved(by_rule, explicit)
    by_account = replace(by_rule, billed="research")
    assert Owner("vision", "tag team") == resolved(by_account, explicit)
    assert Owner("research", "account 1234 is research's") == resolved(replace(by_account, tags={}), explicit)


def test_what_the_bill_gives_to_nobody_is_nobodys() -> None:
    assert "" == resolved(Claims(billed="unowned", told="unowned"), RULES).name


def test_the_names_that_people_give_the_tag_work_without_rules() -> None:
    for key in ("Team", "OWNER", "squad", "cost_center", "CostCenter", "department"):
        assert "vision" == owner_of({"Name": "x", key: "vision"}, NO_RULES)
    assert "" == owner_of({"Name": "x", "environment": "prod"})
