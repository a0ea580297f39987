"""What has no tags is seen as the statement says and as `Scope` says: alike."""

from itertools import product

import pytest
from sqlalchemy import Column, MetaData, Table, Text, create_engine, insert, select

from trimtab.access.made import made_within
from trimtab.access.scope import EVERYTHING, RowRule, Scope, rows_text

TEAM, ENV = RowRule("team", frozenset(("search", "vision"))), RowRule("env", frozenset(("prod",)))
SCOPES = (EVERYTHING, Scope(rows=(TEAM,)), Scope(rows=(TEAM, ENV)), Scope(rows=(ENV, TEAM)), Scope(rows=(ENV,)))


@pytest.mark.parametrize(("maker", "reader"), list(product(SCOPES, SCOPES)))
def test_the_statement_and_the_scope_agree(maker: Scope, reader: Scope) -> None:
    things = Table("things", MetaData(), Column("rows", Text))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        things.create(connection)
        connection.execute(insert(things).values(rows=rows_text(maker.rows)))
        found = connection.execute(select(things).where(made_within(things.c.rows, reader))).all()
    engine.dispose()
    assert bool(found) is reader.sees_what_was_made_by(maker)
