"""Reads rows of somebody's PostgreSQL: one statement, in a transaction that cannot write, within limits."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from trimtab.base.errors import InvalidInput, SetupError

_CONNECT_S = 10
_STATEMENT_S = 120
_SIGN_IN = re.compile(r'authentication failed|no password supplied|role ".*" does not exist|no pg_hba\.conf entry')
CONNECTION, PASSWORD, TABLE, TIMEOUT, STATEMENT = "connection", "password", "table", "timeout", "statement"
_BY_STATE = {
    "28": PASSWORD, "42P01": TABLE, "3F000": TABLE, "3D000": CONNECTION, "57014": TIMEOUT, "08": CONNECTION,
}  # fmt: skip
"""What a SQLSTATE, or the class of one, says went wrong. Source: PostgreSQL's manual, appendix "Error Codes"."""


class Database(Struct, frozen=True):
    """Where, and as whom."""

    host: str
    port: int
    name: str
    username: str
    password: str = ""


class DatabaseProblem(InvalidInput):
    """A database that cannot be read. `kind` is one of CONNECTION, PASSWORD, TABLE, TIMEOUT, STATEMENT."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def read_rows(database: Database, statement: str, most: int) -> Sequence[Sequence[Any]]:
    """The rows of one SELECT, at most `most`. Blocks. Raises DatabaseProblem, SetupError without the driver."""
    # Prepared at once: the server then takes one statement and no second one behind a semicolon.
    options = f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_S * 1000} -c timezone=UTC"
    settings = {"connect_timeout": _CONNECT_S, "prepare_threshold": 0, "options": options}
    url = URL.create(
        "postgresql+psycopg", database.username, database.password or None, database.host, database.port, database.name
    )
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=settings)
    except ImportError as problem:
        raise SetupError("cannot read PostgreSQL: it needs the extra trimtab[postgres]") from problem
    try:
        with engine.connect().execution_options(no_parameters=True) as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement).fetchmany(most)]
    except (SQLAlchemyError, UnicodeError) as problem:
        raise _translated(database, problem) from None


def _translated(database: Database, problem: Exception) -> DatabaseProblem:
    where = f"{database.host}:{database.port}/{database.name}"
    origin = problem.orig if isinstance(problem, DBAPIError) else problem
    said = " ".join(str(origin).split())[:500]
    state = str(getattr(origin, "sqlstate", None) or "")
    kind = _BY_STATE.get(state) or _BY_STATE.get(state[:2])
    if kind is None:  # a refused sign-in has no SQLSTATE with this driver
        kind = PASSWORD if _SIGN_IN.search(said) else STATEMENT if state else CONNECTION
    return DatabaseProblem(f"cannot read PostgreSQL at {where}: {said}", kind)
