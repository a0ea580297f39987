"""Rows of the state that belong to an owner: counted, and taken out in one transaction."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, false, func, or_, select, true, tuple_, update

from trimtab.forget.model import Kind, Owner
from trimtab.forget.state_places import PLACES
from trimtab.store.state.tables import metadata, outbox, tags, watched_objects

_ORDER = metadata.sorted_tables[::-1]


def count(connection: Connection, owner: Owner) -> dict[str, int]:
    """How many rows of each table are the owner's; tables without one are left out."""
    found = {}
    for table in _ORDER:
        rows = connection.scalar(select(func.count()).select_from(table).where(_owned(connection, table, owner)))
        if rows and not PLACES[table.name].derived:
            found[table.name] = int(rows)
    return dict(sorted(found.items()))


def take_out(connection: Connection, owner: Owner) -> None:
    """Delete them, with what hangs on them; empty what is worked out anew; take the name out of what stays."""
    _narrow_keys(connection, owner)
    doomed = {table: _owned(connection, table, owner) for table in _ORDER}
    for table in _ordered():
        connection.execute(delete(table).where(doomed[table]))
    if owner.kind is Kind.ACCOUNT:
        connection.execute(delete(watched_objects).where(watched_objects.c.place.like(f"{owner.name}/%")))
    for name, place in PLACES.items():
        for column in place.by if owner.kind is Kind.USER else ():
            written = metadata.tables[name].c[column]
            connection.execute(update(metadata.tables[name]).where(written == owner.name).values({written: ""}))
    name = owner.name
    named = or_(outbox.c.body.contains(name, autoescape=True), outbox.c.subject.contains(name, autoescape=True))
    connection.execute(update(outbox).where(named).values(body="{}", subject="", kind="forgotten"))


def _ordered() -> list[Table]:
    """Tables in an order in which what hangs on others goes before them."""
    ordered: list[Table] = []

    def add(table: Table) -> None:
        if table in ordered:
            return
        for name, place in PLACES.items():
            if any(parent == table.name for parent, _ in place.of):
                add(metadata.tables[name])
        for other in _ORDER:
            if any(key.column.table is table for key in other.foreign_keys):
                add(other)
        ordered.append(table)

    for table in _ORDER:
        add(table)
    return ordered


def _owned(connection: Connection, table: Table, owner: Owner) -> ColumnElement[bool]:
    """The condition under which a row is the owner's, itself or by what it hangs on."""
    place = PLACES[table.name]
    if (place.money and not owner.bill) or (place.audit and not owner.audit):
        return false()
    if place.derived:
        return true()
    own = [*_own(connection, table, owner), *_hanging(connection, table, owner)]
    return or_(*own) if own else false()


def _own(connection: Connection, table: Table, owner: Owner) -> Iterator[ColumnElement[bool]]:
    place = PLACES[table.name]
    if owner.kind is Kind.ACCOUNT:
        if place.account:
            yield table.c[place.account] == owner.name
        if place.arn:
            yield table.c[place.arn].like(f"arn:%:%:%:{owner.name}:%")
        return
    for column in place.team if owner.kind is Kind.TEAM else place.user:
        named = table.c[column] == owner.name
        yield and_(named, func.lower(tags.c.key).in_(owner.keys)) if table is tags else named
    if place.scope and owner.kind is Kind.TEAM:
        keys = tuple(table.primary_key.columns)
        rows = connection.execute(select(*keys, table.c[place.scope])).all()
        ours = [tuple(row[:-1]) for row in rows if only_of(row[-1], owner)]
        yield tuple_(*keys).in_(ours) if ours else false()


def _hanging(connection: Connection, table: Table, owner: Owner) -> Iterator[ColumnElement[bool]]:
    for parent_name, columns in PLACES[table.name].of:
        parent = metadata.tables[parent_name]
        condition = _owned(connection, parent, owner)
        theirs = select(*(parent.c[name] for name in columns)).where(condition)
        yield tuple_(*(table.c[name] for name in columns.values())).in_(theirs)


def rules_of(text: str) -> list[tuple[str, list[str]]]:
    """The rules by tags of a scope as a row has it: key and values."""
    document: Any = json.loads(text or "[]")
    rows = document.get("rows") or [] if isinstance(document, Mapping) else document
    return [(row["key"], list(row["values"])) if isinstance(row, Mapping) else (row[0], list(row[1])) for row in rows]


def only_of(text: str, owner: Owner) -> bool:
    """Whether a scope is one that sees this team alone."""
    return any(key.lower() in owner.keys and values == [owner.name] for key, values in rules_of(text))


def _narrow_keys(connection: Connection, owner: Owner) -> None:
    """Keys that are bound to several teams stay, without this one."""
    if owner.kind is not Kind.TEAM:
        return
    keys = metadata.tables["access_keys"]
    for id_, text in connection.execute(select(keys.c.id, keys.c.scope_rows)).all():
        rules = rules_of(text)
        left = [
            [key, [one for one in values if one != owner.name or key.lower() not in owner.keys]]
            for key, values in rules
        ]
        if not only_of(text, owner) and left != [[key, values] for key, values in rules]:
            connection.execute(update(keys).where(keys.c.id == id_).values(scope_rows=json.dumps(left)))
