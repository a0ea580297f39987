"""A SELECT that somebody wrote, as a tree: one statement, parsed by a SQL parser. What has no rule here is refused.

Never does a user's text reach the engine: tables are looked up among datasets and sources, columns among their fields,
functions in the table of the expression language, and every text is bound. The way is that of `audit.lake`.
"""

import re
from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from trimtab.base.errors import InvalidInput

MOST_CHARACTERS = 20_000
DEEPEST = 8
"""Queries within queries."""
_COLOUR = re.compile(chr(27) + r".*")


class SqlProblem(InvalidInput):
    """A statement that cannot be used. `start` and `end` are the characters at fault, from 0, where they are known."""

    def __init__(self, why: str, start: int | None = None, end: int | None = None) -> None:
        place = "" if start is None else f" at character {start + 1}"
        super().__init__(f"cannot use SQL{place}: {why}", field="sql")
        self.why = why
        self.start = start
        self.end = end


def read_statement(text: str) -> exp.Expression:
    """The tree of one SELECT. Raises SqlProblem."""
    if len(text) > MOST_CHARACTERS:
        raise SqlProblem(f"it has {len(text)} characters, of at most {MOST_CHARACTERS}")
    try:
        trees = [tree for tree in sqlglot.parse(text, read="trino") if tree is not None]
    except SqlglotError as problem:
        told = getattr(problem, "errors", None) or [{}]
        first = _COLOUR.sub("", str(problem).splitlines()[0]) if str(problem) else "it cannot be read"
        column = told[0].get("col")
        raise SqlProblem(
            first.strip().rstrip("."), column - 1 if isinstance(column, int) and column > 0 else None
        ) from None
    except RecursionError:
        raise SqlProblem("it is nested too deeply") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select | exp.Union):
        raise SqlProblem("only one SELECT statement is allowed")
    return trees[0]


def only(tree: exp.Expression, known: Collection[str]) -> None:
    """Refuse a clause that has no rule here."""
    other = next((name for name, value in tree.args.items() if value and name not in known), None)
    if other:
        raise SqlProblem(f"{other.strip('_').upper()} is not supported", *place_of(tree))


def place_of(node: exp.Expression) -> tuple[int | None, int | None]:
    """Where in the text a piece is, as far as the parser knows."""
    for one in node.walk():
        start, end = one.meta.get("start"), one.meta.get("end")
        if isinstance(start, int) and isinstance(end, int):
            return start, end + 1
    return None, None


def tables_in(tree: exp.Expression) -> set[str]:
    """The names of the tables that a statement reads. Raises SqlProblem for what is no plain name."""
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.args.get("db") or table.args.get("catalog"):
            raise SqlProblem(f"{table.sql('trino')[:80]} is no dataset and no source", *place_of(table))
        if table.name.lower() not in named:
            found.add(table.name)
    return found


def columns_in(tree: exp.Expression) -> frozenset[str] | None:
    """The names of all columns that a statement speaks of; None where it has a star."""
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return None
    using = {one.name for join in tree.find_all(exp.Join) for one in join.args.get("using") or ()}
    return frozenset(column.name for column in tree.find_all(exp.Column)) | using
