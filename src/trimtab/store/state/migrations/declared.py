"""Makes the tables that a migration declares in the file of SQL beside it, in either database.

The files are in the words of PostgreSQL, a statement ends with a line that ends with `;`. They never change once they
are released: what a table is *now* stands in `store/state/schema`, and tests hold both ways to it against each other.
"""

import re
from importlib import resources

from sqlalchemy import Connection

_SQLITE = (("SERIAL", "INTEGER"), ("BYTEA", "BLOB"))
_COUNTED = "PRIMARY KEY AUTOINCREMENT"
"""A key whose numbers SQLite must not give twice; PostgreSQL never does, and names the key."""


def make(connection: Connection, file: str) -> None:
    """Run the statements of a file in `versions`."""
    text = (resources.files("trimtab.store.state") / "migrations" / "versions" / file).read_text()
    for statement in re.sub(r"(?m)^--.*$", "", text).split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(_in_words_of(connection.dialect.name, statement.strip()))


def _in_words_of(dialect: str, statement: str) -> str:
    if dialect != "sqlite":
        table = re.match(r"CREATE TABLE (\w+)", statement)
        return statement.replace(_COUNTED, f"CONSTRAINT pk_{table[1]} PRIMARY KEY") if table else statement
    for theirs, ours in _SQLITE:
        statement = re.sub(rf"\b{theirs}\b", ours, statement)
    return statement
