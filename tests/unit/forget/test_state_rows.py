"""Two owners with a row in every table: one is forgotten, the other keeps all of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, Float, Integer, LargeBinary, Table, insert, select

from trimtab.forget.model import Kind, Owner
from trimtab.forget.state_places import PLACES
from trimtab.forget.state_rows import count, take_out
from trimtab.store.state.database import State
from trimtab.store.state.tables import access_keys, dashboards, metadata, outbox, state_seal, statement_lines

ACCOUNTS = ("222222222222", "111111111111")
NAMES = ("ranking", "search")
Rows = dict[str, dict[str, Any]]


def rows_of(place: int, kind: Kind) -> Rows:
    """A row of every table for the owner at `place`, each with what it hangs on."""
    rows: Rows = {}
    for table in _parents_first():
        row = {column.name: _value(table, column.name, place, kind) for column in table.columns}
        for parent, pairs in PLACES[table.name].of:
            row |= {ours: rows[parent][theirs] for theirs, ours in pairs.items()}
        rows[table.name] = row
    return rows


def _parents_first() -> list[Table]:
    ordered: list[Table] = []

    def add(table: Table) -> None:
        if table not in ordered:
            for parent, _ in PLACES[table.name].of:
                add(metadata.tables[parent])
            ordered.append(table)

    for table in metadata.sorted_tables:
        add(table)
    return ordered


def _value(table: Table, name: str, place: int, kind: Kind) -> Any:
    whose, column = PLACES[table.name], table.c[name]
    if name == whose.account:
        return ACCOUNTS[place]
    if name == whose.arn:
        return f"arn:aws:x:us-east-1:{ACCOUNTS[place]}:{place}"
    if name in (whose.team if kind is Kind.TEAM else whose.user if kind is Kind.USER else ()):
        return NAMES[place]
    if name == whose.scope:
        return json.dumps([["team", [NAMES[place] if kind is Kind.TEAM else "x"]]])
    if table.name == "tags" and name == "key":
        return "Team" if kind is Kind.TEAM else "user.name"
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, Integer | Float):
        return place + 1
    return (
        b"" if isinstance(column.type, LargeBinary) else f"{place}{name}"[: getattr(column.type, "length", None) or 99]
    )


@pytest.fixture
def state(tmp_path: Path) -> Any:
    opened = State.open("", tmp_path)
    opened.change_sync(lambda connection: connection.execute(state_seal.delete()).rowcount)  # `fill` puts its own
    yield opened
    opened.close()


def fill(state: State, rows: Rows) -> None:
    def work(connection: Connection) -> None:
        for table in metadata.sorted_tables:
            connection.execute(insert(table).values(rows[table.name]))

    state.change_sync(work)


def left(state: State) -> Mapping[str, list[dict[str, Any]]]:
    return state.read_sync(
        lambda connection: {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }
    )


def goes(table: str, kind: Kind) -> bool:
    """Whether a row of such an owner goes, itself or by what it hangs on."""
    place = PLACES[table]
    if place.money or place.audit:
        return False
    own = {Kind.ACCOUNT: place.account or place.arn, Kind.TEAM: place.team or place.scope, Kind.USER: place.user}[kind]
    return bool(own) or any(goes(parent, kind) for parent, _ in place.of)


@pytest.mark.parametrize("kind", list(Kind))
def test_all_of_one_owner_goes_and_all_of_the_other_stays(state: State, kind: Kind) -> None:
    gone, kept = rows_of(0, kind), rows_of(1, kind)
    fill(state, gone)
    fill(state, kept)
    owner = Owner(kind, ACCOUNTS[0] if kind is Kind.ACCOUNT else NAMES[0])
    expected = {table for table in PLACES if goes(table, kind)}
    assert set(state.read_sync(lambda connection: count(connection, owner))) == expected
    state.change_sync(lambda connection: take_out(connection, owner))
    after = left(state)
    derived = {table for table, place in PLACES.items() if place.derived}
    assert {table for table in derived if after[table]} == set()
    for table in PLACES.keys() - derived:
        assert kept[table] in after[table], table
        assert (gone[table] in after[table]) is not (table in expected), table
    assert len(expected) > {Kind.ACCOUNT: 90, Kind.TEAM: 12, Kind.USER: 8}[kind]
    assert state.read_sync(lambda connection: count(connection, owner)) == {}


def test_lines_of_statements_go_only_with_the_bill(state: State) -> None:
    fill(state, rows_of(0, Kind.ACCOUNT))
    for bill, lines in ((False, 1), (True, 0)):
        owner = Owner(Kind.ACCOUNT, ACCOUNTS[0], bill=bill)
        state.change_sync(lambda connection, owner=owner: take_out(connection, owner))  # type: ignore[misc]  # a default
        assert len(left(state)[statement_lines.name]) == lines


def test_a_key_of_several_teams_stays_without_the_one(state: State) -> None:
    rules = '[["team", ["ranking", "search"]], ["env", ["ranking"]]]'
    row = rows_of(0, Kind.TEAM)[access_keys.name] | {"scope_rows": rules}
    state.change_sync(lambda connection: connection.execute(insert(access_keys).values(row)))
    state.change_sync(lambda connection: take_out(connection, Owner(Kind.TEAM, "ranking")))
    [key] = left(state)[access_keys.name]
    assert json.loads(key["scope_rows"]) == [["team", ["search"]], ["env", ["ranking"]]]


def test_who_wrote_something_is_taken_out_and_events_keep_their_numbers(state: State) -> None:
    board = rows_of(0, Kind.USER)[dashboards.name] | {"modified_by": "ranking"}
    event = rows_of(0, Kind.USER)[outbox.name] | {"body": '{"by": "ranking"}'}
    state.change_sync(lambda connection: connection.execute(insert(dashboards).values(board)))
    state.change_sync(lambda connection: connection.execute(insert(outbox).values(event)))
    state.change_sync(lambda connection: take_out(connection, Owner(Kind.USER, "ranking")))
    after = left(state)
    assert [row["modified_by"] for row in after[dashboards.name]] == [""]
    assert [(row["position"], row["body"]) for row in after[outbox.name]] == [(1, "{}")]


def test_the_file_of_the_state_has_none_of_it(state: State, tmp_path: Path) -> None:
    row = rows_of(0, Kind.ACCOUNT)[dashboards.name] | {"body": "zqx7mark" * 5000}
    state.change_sync(lambda connection: connection.execute(insert(dashboards).values(row)))
    state.change_sync(lambda connection: take_out(connection, Owner(Kind.ACCOUNT, ACCOUNTS[0])))
    state.compact()
    assert [file.name for file in tmp_path.glob("state.sqlite*") if b"zqx7mark" in file.read_bytes()] == []
