"""Rules as people write them: what they give to lines, and what is refused with which words."""

from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import CostCategory, Dimension, Tag
from trimtab.economics.rules.derive import Derivation, Said
from trimtab.economics.rules.give import give
from trimtab.economics.rules.model import Basis, FreePolicy
from trimtab.economics.rules.owners import owner_rules
from trimtab.economics.rules.read import read_rules, rules_of
from trimtab.economics.rules.store import DEFAULT_DOCUMENT
from trimtab.economics.rules.write import write_rules
from trimtab.economics.statements.kinds import UNUSED_DIMENSIONS
from trimtab.inventory.owners import Claims, resolved

FULL = """
basis: amortized
owner: team
tags:
  - key: team
    aliases: [owner, cost-centre]
    values: {ML: machine-learning, "ml platform": machine-learning}
    virtual:
      - value: data
        when: {account: ["222222222222"]}
  - key: project
    active: false
policies:
  - key: team
    allowed: [machine-learning, data]
    where: {charge-category: Usage}
categories:
  - name: environment
    default: development
    rules:
      - value: production
        when: {any: [{"tag:env": [prod, production]}, {account-name: {contains: prod, ignore-case: true}}]}
  - name: team
    since: 2026-02
    rules:
      - value: shared
        when: {service: {starts-with: "AWS Support"}, not: {absent: account}}
      - inherit: "tag:team"
      - value: platform
        when: {"category:environment": production}
    splits:
      - {source: shared, targets: ["*"]}
      - {source: platform, shares: {data: 60, machine-learning: 40}}
shared:
  - name: gpu-nodes
    when: {usage-type: {contains: p5}}
    charge: used
"""


def derive(text: str = FULL) -> Derivation:
    return Derivation(read_rules(text))


def said(month: int = 202603, tags: dict[str, str] | None = None, **dimensions: str) -> Said:
    return Said({Dimension(name): value for name, value in dimensions.items()}, tags or {}, {}, month)


TEAM = CostCategory("team")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"team": "Search"}, "search"),
        ({"Team": "ads"}, "ads"),
        ({"OWNER": "ml"}, "machine-learning"),
        ({"team": " ", "cost-centre": "Ml Platform"}, "machine-learning"),
        ({"owner": "ads", "team": "search"}, "search"),
        ({}, ""),
    ],
)
def test_a_tag_is_known_by_any_of_its_keys_and_brought_into_one_form(tags: dict[str, str], expected: str) -> None:
    assert expected == derive().value(Tag("team"), said(tags=tags, LINKED_ACCOUNT="111111111111"))


def test_a_virtual_tag_counts_where_there_is_none() -> None:
    assert "data" == derive().value(Tag("team"), said(LINKED_ACCOUNT="222222222222"))
    assert "ads" == derive().value(Tag("team"), said(tags={"team": "ads"}, LINKED_ACCOUNT="222222222222"))


def test_a_key_that_is_not_active_is_not_there() -> None:
    assert "" == derive().value(Tag("project"), said(tags={"project": "moon"}))


def test_the_first_rule_that_matches_wins_and_an_empty_inherited_value_goes_on() -> None:
    rules = derive()
    assert "shared" == rules.value(TEAM, said(SERVICE="AWS Support (Business)", LINKED_ACCOUNT="1", tags={}))
    assert "ads" == rules.value(TEAM, said(SERVICE="EC2", tags={"team": "ads", "env": "prod"}))
    assert "platform" == rules.value(TEAM, said(SERVICE="EC2", tags={"env": "prod"}))
    assert "platform" == rules.value(TEAM, said(SERVICE="EC2", LINKED_ACCOUNT_NAME="Acme-PROD"))
    assert "unowned" == rules.value(TEAM, said(SERVICE="EC2"))


def test_a_category_counts_from_its_month() -> None:
    assert "" == derive().value(TEAM, said(202601, SERVICE="EC2"))


def test_what_of_the_bill_rules_come_down_to() -> None:
    needs = derive().needs([TEAM])
    asked = {Dimension.SERVICE, Dimension.LINKED_ACCOUNT, Dimension.LINKED_ACCOUNT_NAME}
    assert asked.union(UNUSED_DIMENSIONS) == needs.dimensions
    assert {"team", "owner", "cost-centre", "env"} == needs.tags
    assert set() == needs.categories


def test_without_rules_the_tag_team_says_whose_a_line_is() -> None:
    rules = read_rules("")
    assert Basis.BILLED is rules.basis
    assert "ads" == Derivation(rules).value(TEAM, said(tags={"Team": "Ads"}))


def test_rules_are_written_as_they_are_read() -> None:
    rules = read_rules(FULL)
    assert rules == read_rules(write_rules(rules))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"basis": "cash"}, "basis: got 'cash'; expected one of billed, net, amortized, net-amortized"),
        ({"owner": "squad"}, "owner is 'squad', which is no category of it; expected one of team"),
        ({"colour": 1}, "got 'colour'; expected basis, owner"),
        ({"categories": [{"name": "a", "rules": [{"value": "x"}]}]}, "categories[0].rules[0]: a value needs"),
        ({"categories": [{"name": "a", "rules": [{"value": "x", "when": {"acount": "1"}}]}]}, "when.acount"),
        ({"categories": [{"name": "a", "rules": [{"value": "x", "when": {"service": {"like": "y"}}}]}]}, "starts-with"),
        ({"categories": [{"name": "a"}, {"name": "a"}]}, "category 'a' is there twice"),
        (
            {"categories": [{"name": "a", "splits": [{"source": "x", "targets": ["y"]}, {"source": "y"}]}]},
            "'y' is a source, and a source cannot be a target",
        ),
        (
            {"categories": [{"name": "a", "splits": [{"source": "x", "shares": {"y": 60, "z": 30}}]}]},
            "got shares of 90 %",
        ),
        (
            {"categories": [{"name": "a", "splits": [{"source": "x", "targets": ["y"], "method": "metric"}]}]},
            "method metric names its metric",
        ),
        (
            {
                "categories": [
                    {"name": "a", "rules": [{"inherit": "category:b"}]},
                    {"name": "b", "rules": [{"inherit": "category:a"}]},
                ]
            },
            "category:a → category:b → category:a go in a circle",
        ),
        ({"tags": [{"key": "team", "aliases": ["Owner"]}, {"key": "owner"}]}, "'owner' counts as 'team' already"),
        ({"policies": [{"key": "team", "pattern": "("}]}, "policies[0].pattern"),
    ],
)
def test_what_cannot_be_is_refused_with_the_place(document: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rules_of(document)
    assert words in str(refused.value)


def test_a_document_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(InvalidInput, match="it is not YAML"):
        read_rules("a: [")


def test_what_nobody_owns_is_given_to_somebody_after_all_other_rules() -> None:
    rules = give(give(read_rules(""), "ads", "i-1"), "ads", "i-2")
    owned = Derivation(rules)
    assert ("ads", "ads") == tuple(owned.value(TEAM, said(RESOURCE_ID=one)) for one in ("i-1", "i-2"))
    assert "search" == owned.value(TEAM, said(tags={"team": "search"}, RESOURCE_ID="i-1"))
    category = rules.category("team")
    assert category is not None
    assert 2 == len(category.rules)
    of_account = Derivation(give(rules, "data", account="7", service="AmazonS3"))
    assert "data" == of_account.value(TEAM, said(LINKED_ACCOUNT="7", SERVICE="AmazonS3"))
    assert "unowned" == of_account.value(TEAM, said(LINKED_ACCOUNT="7", SERVICE="AmazonEC2"))
    with pytest.raises(InvalidInput):
        give(rules, "ads")


def test_the_built_in_document_is_written_back_as_it_is() -> None:
    rules = read_rules(DEFAULT_DOCUMENT)
    assert rules == read_rules(write_rules(rules))
    assert (Basis.NET_AMORTIZED, "team", {"unowned", "unused commitments"}) == (
        rules.basis,
        rules.owner_tag,
        set(rules.nobody),
    )
    assert FreePolicy.OWNER is rules.shared[0].free
    with pytest.raises(InvalidInput, match=r"shared\[0\].free: got 'tag'; expected one of default, owner"):
        rules_of({"shared": [{"name": "x", "when": {"service": "a"}, "free": "tag"}]})


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ({"rules": [{"inherit": "tag:Squad"}]}, "Squad"),
        ({"rules": [{"inherit": "tag:team"}, {"value": "a", "when": {"service": "x"}}]}, ""),
        ({"rules": [{"inherit": "tag:team", "when": {"service": "x"}}]}, ""),
        ({"rules": [{"inherit": "account"}]}, ""),
        ({"rules": [{"inherit": "tag:team"}], "since": "2026-01"}, ""),
        ({"rules": [{"inherit": "tag:team"}], "splits": [{"source": "a", "targets": ["b"]}]}, ""),
    ],
)
def test_a_tag_is_the_owner_where_the_category_says_nothing_else(category: dict[str, Any], expected: str) -> None:
    assert expected == rules_of({"categories": [{"name": "team", **category}]}).owner_tag


def test_a_tag_is_the_same_however_it_is_spelled() -> None:
    rules = Derivation(rules_of({"tags": [{"key": "Team", "aliases": ["Owner"]}]}))
    line = Said({}, {"OWNER": " Ads  EU "}, {}, 202608)
    for key in ("Team", "team", "owner"):
        assert "ads eu" == rules.value(Tag(key), line)
    assert "ads eu" == rules.value(TEAM, line)  # the owners' category inherits tag:team, which Team is
    assert "" == rules.value(Tag("Owner", exact=True), line)
    assert {"team", "owner"} == rules.needs([Tag("OWNER")]).tags


def test_a_virtual_value_may_ask_whether_an_alias_is_missing_and_goes_in_no_circle() -> None:
    virtual = [{"value": "data", "when": {"absent": "tag:Owner"}}]
    rules = Derivation(rules_of({"tags": [{"key": "team", "aliases": ["Owner"], "virtual": virtual}]}))
    assert "data" == rules.value(Tag("team"), Said({}, {}))
    assert "ads" == rules.value(Tag("team"), Said({}, {"owner": "ads"}))
    with pytest.raises(InvalidInput, match="go in a circle"):
        rules_of(
            {
                "tags": [
                    {"key": "a", "virtual": [{"value": "x", "when": {"tag:B": "1"}}]},
                    {"key": "b", "virtual": [{"value": "x", "when": {"tag:A": "1"}}]},
                ]
            }
        )


@pytest.mark.parametrize(
    ("said_of", "expected"),
    [
        ({"RECORD_TYPE": "RIFee"}, "unused commitments"),
        ({"RECORD_TYPE": "SavingsPlanRecurringFee"}, "unused commitments"),
        ({"COMMITMENT_STATUS": "Unused", "CHARGE_CATEGORY": "Usage"}, "unused commitments"),
        ({"RECORD_TYPE": "RIFee", "CHARGE_CLASS": "Correction"}, "unowned"),
        ({"RECORD_TYPE": "Credit", "COMMITMENT_STATUS": "Unused"}, "unowned"),
        ({"RECORD_TYPE": "Usage"}, "unowned"),
    ],
)
def test_what_no_commitment_was_used_for_is_a_line_of_nobodys_own(said_of: dict[str, str], expected: str) -> None:
    facts = {Dimension[name]: value for name, value in said_of.items()}
    assert expected == Derivation(rules_of({"basis": "amortized"})).value(TEAM, Said(facts))
    assert "unowned" == Derivation(rules_of({"basis": "net"})).value(TEAM, Said(facts))


def test_the_owner_of_a_resource_comes_of_the_tags_and_accounts_of_the_rules() -> None:
    document = """
owner: team
tags:
  - {key: team, aliases: [cost-centre], values: {ML: machine-learning}}
  - {key: project, active: false}
categories:
  - name: team
    rules:
      - inherit: "tag:Team"
      - inherit: "tag:project"
      - {value: data, when: {account: ["222222222222", "333333333333"]}}
      - {value: edge, when: {account: {contains: "4"}}}
"""
    rules = owner_rules(read_rules(document))
    assert ["team"] == [key.key for key in rules.keys]
    assert {"222222222222": "data", "333333333333": "data"} == rules.accounts
    assert ({"unowned", "unused commitments"}, True) == (rules.nobody, rules.explicit)
    assert "machine-learning" == resolved(Claims(tags={"Cost-Centre": "ml"}), rules).name
    assert "data" == resolved(Claims(account="333333333333"), rules).name


def test_before_an_allocation_is_applied_the_tag_is_the_owner_as_statements_write_it() -> None:
    rules = owner_rules(read_rules(DEFAULT_DOCUMENT))
    assert "vision" == resolved(Claims(tags={"Owner": "x", "TEAM": " Vision "}), rules).name
    assert (False, {}) == (rules.explicit, rules.accounts)
