"""Every table has a place: a new one without an answer to "whose is it?" fails here."""

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.forget.engine_places import AUDIT, MONEY, NOBODYS, condition
from trimtab.forget.model import Kind, Owner
from trimtab.forget.state_places import PLACES
from trimtab.store.state.tables import metadata
from trimtab.store.telemetry.schema import TABLES

ACCOUNT = Owner.of("account", "222222222222", bill=True, audit=True)


def test_every_table_of_the_state_has_a_place() -> None:
    assert set(metadata.tables) == set(PLACES)


def test_the_places_name_columns_that_there_are() -> None:
    for name, place in PLACES.items():
        columns = set(metadata.tables[name].c.keys())
        named = {place.account, place.arn, place.scope, *place.team, *place.user, *place.by} - {""}
        for parent, pairs in place.of:
            assert set(pairs) <= set(metadata.tables[parent].c.keys()), name
            named |= set(pairs.values())
        assert named <= columns, name
        assert named - set(place.by) or place.derived or place.nobodys, f"{name}: whose are its rows?"


def test_a_table_with_an_account_goes_by_it() -> None:
    """But for what is nobody's, for a reason."""
    with_account = {name for name, table in metadata.tables.items() if "account" in table.c}
    assert {name for name in with_account if PLACES[name].account != "account"} == set()


def test_every_table_of_the_engine_has_a_condition_or_a_reason() -> None:
    without = {table for table in TABLES if not condition(table, ACCOUNT, 7)}
    assert without == {*NOBODYS, "cost_sets"}


def test_the_bill_and_the_audit_stay_unless_asked_for() -> None:
    plain = Owner.of("account", "222222222222")
    kept = {table for table in TABLES if condition(table, ACCOUNT, 7) and not condition(table, plain, 7)}
    assert kept == {*MONEY, *AUDIT} - {"cost_sets"}


@pytest.mark.parametrize("kind", ["team", "user"])
def test_conditions_hold_no_name(kind: str) -> None:
    """They are written into the engine's files."""
    conditions = [condition(table, Owner.of(kind, "zqx7mark", audit=True), 7) for table in TABLES]
    assert not any("zqx7mark" in one for one in conditions)
    assert sum(bool(one) for one in conditions) >= 13


@pytest.mark.parametrize(
    ("kind", "name", "bill", "message"),
    [
        ("account", "12", False, "expected its 12 digits"),
        ("team", "", False, "expected 1 to 256 characters"),
        ("team", " a", False, "expected 1 to 256 characters"),
        ("user", "a\nb", False, "expected 1 to 256 characters"),
        ("team", "ranking", True, "cannot forget the bill of team 'ranking'"),
    ],
)
def test_what_is_no_owner_is_refused(kind: str, name: str, bill: bool, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Owner.of(kind, name, bill=bill)


def test_a_digest_tells_kinds_apart() -> None:
    assert Owner(Kind.TEAM, "a").digest != Owner(Kind.USER, "a").digest
