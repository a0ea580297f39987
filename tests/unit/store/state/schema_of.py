"""The whole schema of an open database, to be held against another's: all that can be told of it by looking."""

from typing import Any

from sqlalchemy import Connection, inspect


def schema_of(connection: Connection) -> dict[str, dict[str, Any]]:
    """By table: columns in their order with type, default and whether they may be empty, keys, constraints, indices."""
    look = inspect(connection)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in look.get_columns(table)
            ],
            "key": look.get_pk_constraint(table),
            "unique": sorted(map(_told, look.get_unique_constraints(table))),
            "foreign": sorted(map(_told, look.get_foreign_keys(table))),
            "checks": sorted(map(_told, look.get_check_constraints(table))),
            "indices": sorted(map(_told, look.get_indexes(table))),
        }
        for table in look.get_table_names()
    }


def _told(constraint: Any) -> str:
    return str(sorted((name, value) for name, value in constraint.items() if value))
