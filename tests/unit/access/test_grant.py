"""What one has is handed on never widened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.access.grant import MOST_RULES, WHOLE, Grant, rules_of, tags_of, teams_of
from trimtab.access.principal import Role
from trimtab.access.scope import RowRule
from trimtab.base.errors import AccessDenied, InvalidInput

SEARCH = (RowRule("team", frozenset({"search"})),)
ROWS = [{"account": account, "team": team, "env": env} for account in "12" for team in "ab" for env in "pq"]


def test_whoever_is_bound_to_a_team_gives_no_more_than_that() -> None:
    have = Grant(Role.ADMIN, None, (RowRule("team", frozenset({"search", "vision"})),))
    assert have.handed_on(Role.READ, None, ()) == Grant(Role.READ, None, have.rows)
    assert have.handed_on(Role.READ, "123456789012", SEARCH) == Grant(Role.READ, "123456789012", SEARCH)
    also = (RowRule("env", frozenset({"prod"})),)
    assert set(have.handed_on(Role.ADMIN, None, also).rows) == set(have.rows + also)
    with pytest.raises(AccessDenied, match=r"team billing.*you have role admin over team search or vision"):
        have.handed_on(Role.READ, None, (RowRule("team", frozenset({"billing"})),))
    with pytest.raises(AccessDenied):
        have.handed_on(Role.READ, None, (RowRule("team", frozenset({"search", "billing"})),))


def test_nor_another_account_or_a_higher_role() -> None:
    have = Grant(Role.WRITE, "123456789012")
    assert have.handed_on(Role.READ, None, ()).account == "123456789012"
    for role, account in ((Role.READ, "210987654321"), (Role.ADMIN, None)):
        with pytest.raises(AccessDenied, match="at least as narrowly"):
            have.handed_on(role, account, ())


def test_two_rules_of_one_tag_both_hold() -> None:
    both = Grant(Role.ADMIN, None, (RowRule("team", frozenset("ab")), RowRule("team", frozenset("bc"))))
    assert both.handed_on(Role.READ, None, (RowRule("team", frozenset("b")),)).rows == (
        RowRule("team", frozenset("b")),
    )
    with pytest.raises(AccessDenied):
        both.handed_on(Role.READ, None, (RowRule("team", frozenset("a")),))


def seen(grant: Grant) -> list[dict[str, str]]:
    return [
        row
        for row in ROWS
        if grant.account in (None, row["account"]) and all(row[rule.key] in rule.values for rule in grant.rows)
    ]


rules = st.lists(
    st.one_of(
        st.builds(RowRule, st.just("team"), st.frozensets(st.sampled_from("ab"), min_size=1)),
        st.builds(RowRule, st.just("env"), st.frozensets(st.sampled_from("pq"), min_size=1)),
    ),
    max_size=3,
).map(tuple)
grants = st.builds(Grant, st.sampled_from(list(Role)), st.sampled_from([None, "1", "2"]), rules)


@given(grants, grants)
def test_whatever_is_asked_nothing_more_is_seen_or_done(have: Grant, asked: Grant) -> None:
    try:
        given_on = have.handed_on(asked.role, asked.account, asked.rows)
    except AccessDenied:
        return
    assert have.covers(given_on)
    assert have.role.includes(given_on.role)
    assert [row for row in seen(given_on) if row not in seen(have)] == []
    assert WHOLE.covers(given_on)


def test_teams_and_tags_are_rules_and_come_back() -> None:
    rows = rules_of(["b", "a"], {"env": ["prod"], "team": ["c"]})
    assert rows == (RowRule("env", frozenset({"prod"})), RowRule("team", frozenset({"a", "b", "c"})))
    assert teams_of(rows) == ["a", "b", "c"]
    assert tags_of(rows) == {"env": ["prod"]}
    assert Grant(Role.READ, "123456789012", rows).sees == "account 123456789012, env prod, team a or b or c"
    assert Grant(Role.READ).sees == "everything"


@pytest.mark.parametrize(
    ("teams", "tags"),
    [([""], {}), ([], {"": ["a"]}), ([], {"env": []}), (["x" * 257], {}), ([str(n) for n in range(21)], {}),
     ([], {str(n): ["v"] for n in range(21)})],
)  # fmt: skip
def test_an_empty_or_absurd_rule_is_refused(teams: list[str], tags: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidInput, match="cannot bind to tag"):
        rules_of(teams, tags)


@pytest.mark.parametrize(("keys", "values", "length"), [(MOST_RULES, 1, 1), (1, MOST_RULES, 1), (1, 1, 256), (1, 1, 0)])
def test_limits_of_tags_are_the_last_that_are_taken(keys: int, values: int, length: int) -> None:
    def tags(keys: int, values: int, length: int) -> dict[str, list[str]]:
        return {f"k{key}": [f"{value}".ljust(length, "x") for value in range(values)] for key in range(keys)}

    assert keys == len(rules_of((), tags(keys, values, length)))
    for more in ((keys + MOST_RULES, values, length), (keys, values + MOST_RULES, length), (keys, values, 257)):
        with pytest.raises(InvalidInput, match="expected at most"):
            rules_of((), tags(*more))
    for edge in ((MOST_RULES + 1, 1, 1), (1, MOST_RULES + 1, 1)):
        with pytest.raises(InvalidInput, match="expected at most"):
            rules_of((), tags(*edge))
