"""Whose a thing is that has no tags: it keeps the rules of who made it, in a column of its table."""

from sqlalchemy import ColumnElement, true

from trimtab.access.scope import Scope, rows_text


def made_within(kept: ColumnElement[str], scope: Scope) -> ColumnElement[bool]:
    """The condition that `scope` sees a row whose column `kept` has the `rows_text` of its maker.

    It says in SQL what `Scope.sees_what_was_made_by` says.
    """
    return kept == rows_text(scope.rows) if scope.rows else true()
