"""A whole state in a file: every table and value, both databases, older revisions, and what is refused."""

import hashlib
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    cast,
    func,
    insert,
    select,
    text,
)

from trimtab.base.errors import Conflict, InvalidInput
from trimtab.store.state.database import State
from trimtab.store.state.portable import write as writing
from trimtab.store.state.portable.form import LOCAL, SECRETS, carried
from trimtab.store.state.portable.load import load
from trimtab.store.state.portable.read import check
from trimtab.store.state.portable.write import write
from trimtab.store.state.sealed import plain, sealed_columns
from trimtab.store.state.tables import audit_imports, log_groups, metadata, outbox, tags
from trimtab.store.state.upgrade import revisions

TRICKY = 'ä "quoted" \\ \u2028\n中 🎉'
ROWS = 3


def names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def value(table: Table, name: str, number: int) -> Any:
    """Something of the column's type that differs from row to row, its edges among them."""
    column = table.c[name]
    if column.foreign_keys:
        return number
    if column.nullable and number == 2:
        return None
    kind = column.type
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, SmallInteger):
        return number
    if isinstance(kind, Integer):
        big = isinstance(kind, BigInteger) and number == 3 and not column.primary_key
        return 2**63 - 1 if big else number
    if isinstance(kind, Float):
        return {1: 0.1 + 0.2, 2: -1e300, 3: float("inf")}[number]
    if isinstance(kind, LargeBinary):
        return bytes(range(256)) * number
    length = getattr(kind, "length", None) or 100
    return f"{number}{TRICKY}"[:length]


def filled(connection: Connection) -> None:
    for table in carried():
        for number in range(1, ROWS + 1):
            connection.execute(insert(table).values({name: value(table, name, number) for name in names(table)}))


def content(state: State) -> dict[str, list[tuple[Any, ...]]]:
    def read(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {table.name: rows(connection, table) for table in carried()}

    def rows(connection: Connection, table: Table) -> list[tuple[Any, ...]]:
        """Rows with their secrets open."""
        key, names = table.primary_key.columns[0].name, sealed_columns(table.name)
        found = connection.execute(select(table).order_by(*table.primary_key)).mappings().all()
        open_ = [
            dict(row) | {name: plain(connection, table.c[name], row[key], row[name]) for name in names if row[name]}
            for row in found
        ]
        return [tuple(row.values()) for row in open_]

    return state.read_sync(read)


Opener = Callable[[str], State]


@pytest.fixture
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens an empty state in the database of a name: sqlite or postgresql."""
    made: list[State] = []

    def open_(kind: str) -> State:
        url = "" if kind == "sqlite" else request.getfixturevalue("postgres_url")
        own = f"{kind}{len(made)}" if kind == "sqlite" else kind  # a database has one key file
        state = State.open(url, tmp_path / own)
        state.wipe()
        made.append(state)
        return state

    yield open_
    for state in made:
        state.close()


def exported(state: State, file: Path, *, secrets: bool = True) -> Path:
    write(state, "9.9.9", "2026-11-30T09:00:00Z", file, secrets=secrets)
    return file


@pytest.mark.parametrize(
    ("source", "target"),
    [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite"), ("postgresql", "postgresql")],
)
def test_every_row_of_every_table_goes_over(opener: Opener, tmp_path: Path, source: str, target: str) -> None:
    first = opener(source)
    first.change_sync(filled)
    before = content(first)
    assert {len(rows) for rows in before.values()} == {ROWS}
    file = exported(first, tmp_path / "state")
    second = opener(target)
    counts = load(second, file)
    assert content(second) == before
    assert counts == {table.name: ROWS for table in metadata.sorted_tables if table.name not in LOCAL}
    again = exported(second, tmp_path / "again")
    assert rows_in(again) == rows_in(file)


def rows_in(file: Path) -> list[bytes]:
    """Its rows, without what is said around them: a sequence of PostgreSQL goes on where earlier tests left it."""
    return [line for line in file.read_bytes().splitlines() if line.startswith(b"[")]


def test_the_file_has_a_head_is_private_and_holds_every_table(opener: Opener, tmp_path: Path) -> None:
    file = exported(opener("sqlite"), tmp_path / "state")
    head, close = check(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (head.trimtab, head.revision, head.made_at) == ("9.9.9", revisions()[-1], "2026-11-30T09:00:00Z")
    assert {*head.tables, *LOCAL} == set(metadata.tables)
    assert (close.tables, close.rows) == (len(head.tables), 0)


def test_every_column_that_is_called_a_secret_has_a_place_among_secrets() -> None:
    named = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if any(word in column.name for word in ("secret", "token", "password", "private"))
    }
    assert named == {
        *((name, column) for name, (column, _) in SECRETS.items() if column),
        ("access_keys", "secret"), ("access_keys", "password"), ("audit_signing_keys", "private"),
        ("dashboard_shares", "secret"),
        ("savings_plans", "token"),  # what a client named its own request
    }  # fmt: skip


def test_without_secrets_none_is_in_the_file_and_the_rest_goes_over(opener: Opener, tmp_path: Path) -> None:
    def secret(connection: Connection) -> None:
        filled(connection)
        for name, (blank, _) in SECRETS.items():
            table = metadata.tables[name]
            column = table.c[blank or ("private" if name == "audit_signing_keys" else "secret")]
            connection.execute(table.update().values({column: "hush-" + column_of_key(table)}))

    first = opener("sqlite")
    first.change_sync(secret)
    assert b"hush-" in exported(first, tmp_path / "all").read_bytes()
    file = exported(first, tmp_path / "state", secrets=False)
    assert b"hush-" not in file.read_bytes()
    second = opener("sqlite")
    load(second, file)
    before, after = content(first), content(second)
    assert {name for name in before if before[name] != after[name]} == set(SECRETS)
    for name, (blank, _) in SECRETS.items():
        place = list(metadata.tables[name].c.keys()).index(blank) if blank else 0
        kept = [row[place] for row in after[name]] if blank else after[name]
        assert kept == ([""] * ROWS if blank else [])


def column_of_key(table: Table) -> Any:

    return cast(next(iter(table.primary_key)), String)


def rows_of(state: State, table: Table) -> Any:
    return state.read_sync(lambda connection: connection.execute(select(table)).all())


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_numbers_go_on_where_they_were_though_the_last_rows_are_gone(
    opener: Opener, tmp_path: Path, target: str
) -> None:
    def begin(connection: Connection) -> None:
        filled(connection)
        connection.execute(audit_imports.delete().where(audit_imports.c.id > 1))
        connection.execute(log_groups.delete())

    first = opener("sqlite")
    first.change_sync(begin)
    second = opener(target)
    load(second, exported(first, tmp_path / "state"))

    def add(connection: Connection, table: Table) -> int:
        row = {name: value(table, name, 1) for name in names(table) if not table.c[name].primary_key}
        row |= {"id": "new"} if table is outbox else {"name": "new"} if table is log_groups else {}
        return int(connection.execute(insert(table).values(row)).inserted_primary_key[0])

    new = second.change_sync(
        lambda connection: [add(connection, table) for table in (audit_imports, log_groups, outbox)]
    )
    assert new == [ROWS + 1] * 3


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_file_of_an_older_revision_is_migrated(opener: Opener, tmp_path: Path, target: str) -> None:
    old = State(f"sqlite:///{tmp_path / 'old.sqlite'}")
    old.migrate("0042")

    def fill(connection: Connection) -> None:
        values = {"id": "k", "kind": "aws", "account": "1", "secret": "s", "name": "n", "role": "read", "created_ms": 5}
        names, places = ", ".join(values), ", ".join(f":{one}" for one in values)
        connection.execute(text(f"INSERT INTO access_keys ({names}) VALUES ({places})"), values)

    old.change_sync(fill)
    file = tmp_path / "old.state"
    raw_export(old, file)
    old.close()
    state = opener(target)
    load(state, file)
    [row] = content(state)["access_keys"]
    assert {"k", "s", "[]"} <= set(row)


def raw_export(state: State, file: Path) -> None:
    """A file as that revision's own trimtab would have written it."""

    def work(connection: Connection) -> None:
        then = MetaData()
        then.reflect(connection)
        tables = [table for table in then.sorted_tables if table.name not in {"alembic_version", *LOCAL}]
        ours, writing.carried = writing.carried, lambda: tables
        try:
            with file.open("wb") as out:
                for one in writing.lines(connection, "0.1.0", "2026-01-01T00:00:00Z"):
                    out.write(writing.line(one))
        finally:
            writing.carried = ours

    state.read_sync(work)


def test_what_is_in_use_is_replaced_only_when_asked(opener: Opener, tmp_path: Path) -> None:
    first, second = opener("sqlite"), opener("sqlite")
    first.change_sync(lambda connection: connection.execute(insert(tags).values(arn="a", key="k", value="new")))
    file = exported(first, tmp_path / "state")
    second.change_sync(filled)
    locks_before = rows_of(second, metadata.tables["locks"])
    before = content(second)
    with pytest.raises(Conflict, match=r"in use, it has rows in .* more; give --replace"):
        load(second, file)
    assert content(second) == before
    load(second, file, replace=True, keep=False)
    assert content(second) == before
    load(second, file, replace=True)
    assert content(second) == content(first)
    assert rows_of(second, metadata.tables["locks"]) == locks_before


def test_rows_of_an_unused_trimtab_are_no_use(opener: Opener, tmp_path: Path) -> None:
    first, second = opener("sqlite"), opener("sqlite")
    outbox_row = {name: value(outbox, name, 1) for name in names(outbox)}
    second.change_sync(lambda connection: connection.execute(insert(outbox).values(outbox_row)))
    load(second, exported(first, tmp_path / "state"))
    assert rows_of(second, outbox) == []


def edited(file: Path, edit: Callable[[list[bytes]], list[bytes]]) -> Path:
    changed = file.with_name("changed")
    changed.write_bytes(b"".join(edit(file.read_bytes().splitlines(keepends=True))))
    return changed


def resealed(file: Path, edit: Callable[[list[bytes]], list[bytes]]) -> Path:
    """A file that was changed, with checksums and counts that fit: what only its rows refuse."""
    lines = edit(file.read_bytes().splitlines(keepends=True))
    whole, digest, out, rows, total = hashlib.sha256(lines[0]), hashlib.sha256(), [lines[0]], 0, 0
    tables = 0
    for line in lines[1:]:
        if line.startswith(b'{"table"'):
            digest, rows = hashlib.sha256(line), 0
        elif line.startswith(b"["):
            digest.update(line)
            rows += 1
        elif line.startswith(b'{"end"'):
            end = json.loads(line) | {"rows": rows, "sha256": digest.hexdigest()}
            line = json.dumps(end, separators=(",", ":")).encode() + b"\n"
            whole.update(line)
            tables, total = tables + 1, total + rows
        else:
            close = {"tables": tables, "rows": total, "sha256": whole.hexdigest()}
            line = json.dumps(close, separators=(",", ":")).encode() + b"\n"
        out.append(line)
    changed = file.with_name("resealed")
    changed.write_bytes(b"".join(out))
    return changed


def at(lines: list[bytes], table: str) -> int:
    return next(place for place, line in enumerate(lines) if line.startswith(f'{{"table":"{table}"'.encode()))


def without(lines: list[bytes], table: str) -> list[bytes]:
    first = at(lines, table)
    last = next(place for place in range(first, len(lines)) if lines[place].startswith(b'{"end"'))
    return lines[:first] + lines[last + 1 :]


def head_with(**changes: Any) -> Callable[[list[bytes]], list[bytes]]:
    def edit(lines: list[bytes]) -> list[bytes]:
        return [json.dumps(json.loads(lines[0]) | changes, separators=(",", ":")).encode() + b"\n", *lines[1:]]

    return edit


BROKEN: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "another row": (lambda lines: [line.replace(b'"old"', b'"new"') for line in lines], "tags is not what was exp"),
    "a row less": (lambda lines: [line for line in lines if b'"old"' not in line], "exported: 0 rows of 1"),
    "cut short": (lambda lines: lines[:-1], "it is cut short after"),
    "cut in a row": (lambda lines: [*lines[:-9], lines[-9][:5]], "cut short|not as it was written|not what was"),
    "a table less": (lambda lines: without(lines, "tags"), r"tables \['tags'\] are missing"),
    "another version in the head": (head_with(trimtab="0.0.1"), "its head or its end was changed"),
    "a newer form": (head_with(trimtab_state=2), r"a newer trimtab wrote it \(form 2\)"),
    "a newer revision": (head_with(revision="9999"), "revision 9999, written by trimtab 9.9.9; this one knows"),
    "an unreleased revision": (head_with(revision="0050"), "knows 0042, 0065 and none between"),
    "something else": (lambda lines: [b"PK\x03\x04 not a state\n"], "it is no state that"),
    "nothing": (lambda lines: [], "it is no state that"),
    "more in the head": (head_with(more=1), "its first line is not as it was written"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_was_changed_is_refused_whole(opener: Opener, tmp_path: Path, case: str) -> None:
    edit, message = BROKEN[case]
    state = opener("sqlite")
    state.change_sync(lambda connection: connection.execute(insert(tags).values(arn="a", key="k", value="old")))
    file = edited(exported(state, tmp_path / "state"), edit)
    with pytest.raises(InvalidInput, match=message):
        load(state, file, replace=True)
    assert [row.value for row in rows_of(state, tags)] == ["old"]


def in_row(table: str, row: list[Any]) -> Callable[[list[bytes]], list[bytes]]:
    def edit(lines: list[bytes]) -> list[bytes]:
        first = at(lines, table)
        return [*lines[: first + 1], json.dumps(row, separators=(",", ":")).encode() + b"\n", *lines[first + 2 :]]

    return edit


UNFIT: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "a number for text": (in_row("tags", ["a", "k", 5]), "value of row 1 is not text"),
    "nothing for what must be": (in_row("tags", ["a", "k", None]), "value of row 1 is missing"),
    "a value too many": (in_row("tags", ["a", "k", "v", "w"]), "row 1 has 4 values"),
    "an object": (in_row("tags", ["a", "k", {"base65": ""}]), "value of row 1 is an object"),
    "no base64": (in_row("tags", ["a", "k", {"base64": "?"}]), "value of row 1 is not base64"),
    "true for a number": (in_row("alarm_clocks", [True, 1]), "cadence_s of row 1 is not a whole number"),
    "a number past all": (in_row("alarm_clocks", [1, 2**70]), "alarm_clocks: of rows 1 to 1 one does not fit"),
    "other columns": (
        lambda lines: [line.replace(b'["arn","key","value"]', b'["arn","key","other"]') for line in lines],
        "tags: it has the columns",
    ),
    "a table more": (
        lambda lines: head_with(tables=["tags2", *json.loads(lines[0])["tables"]])(
            [lines[0], b'{"table":"tags2","columns":[],"next":null}\n', b'{"end":"tags2"}\n', *lines[1:]]
        ),
        r"unknown \['tags2'\]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT)
def test_a_row_that_does_not_fit_refuses_all_of_it(opener: Opener, tmp_path: Path, case: str) -> None:
    edit, message = UNFIT[case]
    state = opener("sqlite")
    state.change_sync(lambda connection: connection.execute(insert(tags).values(arn="a", key="k", value="old")))
    state.change_sync(
        lambda connection: connection.execute(insert(metadata.tables["alarm_clocks"]).values(cadence_s=10, at_ms=7))
    )
    before = content(state)
    file = resealed(exported(state, tmp_path / "state"), edit)
    with pytest.raises(InvalidInput, match=message):
        load(state, file, replace=True)
    assert content(state) == before


def test_a_text_too_long_for_postgresql_is_told(opener: Opener, tmp_path: Path) -> None:
    """SQLite takes texts of any length."""
    first, second = opener("sqlite"), opener("postgresql")
    first.change_sync(lambda connection: connection.execute(insert(tags).values(arn="a", key="k" * 129, value="v")))
    with pytest.raises(InvalidInput, match="table tags: of rows 1 to 1 one does not fit: value too long"):
        load(second, exported(first, tmp_path / "state"))
    assert second.read_sync(lambda connection: connection.scalar(select(func.count()).select_from(tags))) == 0


def test_two_rows_of_one_key_are_refused(opener: Opener, tmp_path: Path) -> None:
    state = opener("sqlite")
    state.change_sync(lambda connection: connection.execute(insert(tags).values(arn="a", key="k", value="old")))

    def twice(lines: list[bytes]) -> list[bytes]:
        place = at(lines, "tags") + 1
        return [*lines[:place], lines[place], *lines[place:]]

    file = resealed(exported(state, tmp_path / "state"), twice)
    with pytest.raises(InvalidInput, match="table tags: of rows 1 to 2 one does not fit: UNIQUE constraint failed"):
        load(state, file, replace=True)
    assert len(rows_of(state, tags)) == 1
