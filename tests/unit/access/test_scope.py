"""What a scope sees, and how it is kept."""

import pytest

from trimtab.access.scope import (
    EVERYTHING,
    RowRule,
    Scope,
    rows_of_text,
    rows_text,
    scope_of_text,
    scope_text,
)

TEAM, ENV = RowRule("team", frozenset(("search", "vision"))), RowRule("env", frozenset(("prod",)))


def test_who_is_bound_to_nothing_sees_what_has_no_tags() -> None:
    assert EVERYTHING.sees({})


@pytest.mark.parametrize(
    ("tags", "seen"),
    [
        ({"team": "vision", "env": "prod", "more": "x"}, True),
        ({"team": "vision"}, False),
        ({"team": "vision", "env": "test"}, False),
        ({"Team": "vision", "env": "prod"}, False),
        ({}, False),
    ],
)
def test_what_has_a_tag_of_every_rule_is_seen(tags: dict[str, str], seen: bool) -> None:
    assert Scope(rows=(TEAM, ENV)).sees(tags) is seen


def test_a_thing_without_tags_is_seen_by_those_within_the_rows_of_its_maker_and_by_who_has_none() -> None:
    maker = Scope(frozenset(("1",)), None, (TEAM, ENV))
    assert Scope(rows=(ENV, TEAM)).sees_what_was_made_by(maker)
    assert EVERYTHING.sees_what_was_made_by(maker)
    assert not Scope(rows=(TEAM,)).sees_what_was_made_by(maker)
    assert not Scope(rows=(TEAM,)).sees_what_was_made_by(EVERYTHING)


@pytest.mark.parametrize(
    ("pairs", "passes"),
    [
        ({"team": "vision"}, True),
        ({"host.id": "i-1"}, True),
        ({"InstanceId": "i-1", "team": ""}, False),
        ({"team": "other", "host.id": "i-1"}, False),  # its own tag says whose it is
        ({"host.id": "i-2"}, False),
        ({"host.name": "i-1"}, False),  # two clusters may have machines of one name
        ({}, False),
    ],
)
def test_a_series_passes_by_its_tag_else_by_its_machine(pairs: dict[str, str], passes: bool) -> None:
    assert RowRule("team", frozenset(("vision",)), frozenset(("i-1",))).passes(pairs) is passes


def test_machines_are_no_part_of_what_a_rule_is() -> None:
    known = RowRule(TEAM.key, TEAM.values, frozenset(("i-1",)))
    assert known == TEAM
    assert hash(known) == hash(TEAM)
    assert not TEAM.passes({"host.id": "i-1"})


@pytest.mark.parametrize(
    "scope",
    [EVERYTHING, Scope.of("1", "eu"), Scope(frozenset(), frozenset(("b", "a"))), Scope(None, None, (ENV, TEAM))],
)
def test_a_scope_is_read_as_it_was_kept(scope: Scope) -> None:
    assert scope_of_text(scope_text(scope)) == scope
    assert rows_of_text(rows_text(scope.rows)) == scope.rows


def test_equal_scopes_are_kept_alike() -> None:
    assert scope_text(Scope(rows=(TEAM, ENV))) == scope_text(Scope(rows=(ENV, TEAM)))


@pytest.mark.parametrize(
    "kept",
    [
        '[["1"], null, [["team", ["search", "vision"]]]]',
        '{"accounts": ["1"], "regions": null, "rows": [["team", ["search", "vision"]]]}',
        '{"accounts":["1"],"regions":null,"rows":[{"key":"team","values":["vision","search"]}]}',
    ],
)
def test_what_earlier_programs_kept_is_read(kept: str) -> None:
    assert scope_of_text(kept) == Scope(frozenset(("1",)), None, (TEAM,))
