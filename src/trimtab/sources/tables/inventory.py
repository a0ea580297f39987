"""An inventory in a CSV file: a line a resource; columns that mean nothing to trimtab are its tags."""

from pathlib import Path

from trimtab.base.errors import InvalidInput
from trimtab.client.inventory_wire import ResourceRecord
from trimtab.sources.tables.csv_file import Row, rows_of, sorted_out

COLUMNS = {
    "arn": ("resource arn", "resourcearn"),
    "kind": ("resource type", "resource kind"),
    "id": ("resource id", "instance id", "identifier", "serial"),
    "provider": ("cloud", "provider name"),
    "account": ("account id", "linked account", "sub account id"),
    "region": ("location",),
    "name": ("hostname", "host", "node", "resource name"),
    "owner": ("team", "owned by"),
    "type": ("instance type", "machine type", "sku", "model"),
}
"""Columns by the name that they have here, with what other tools call them. The rest are tags; `tag:` may precede."""
_PREFIXES = ("tag:", "tags.", "user:")
_HOST = "host"


def read_inventory(path: Path) -> list[ResourceRecord]:
    """The resources of a file. Raises InvalidInput that names the line, SetupError where it cannot be read."""
    return [_record(row, path) for row in rows_of(path)]


def _record(row: Row, path: Path) -> ResourceRecord:
    mine, others = sorted_out(row, COLUMNS)
    name, id_ = mine.get("name", ""), mine.get("id", "")
    if not mine.get("arn") and not (id_ or name):
        raise InvalidInput(f"cannot read {path}, line {row.line}: expected an arn, an id or a name")
    kind = mine.get("kind", "")
    if not mine.get("arn") and not kind:
        # A list without kinds is one of machines, by far most often.
        kind = "instance" if id_.startswith("i-") else _HOST
    return ResourceRecord(
        kind=kind,
        id=id_ or name,
        arn=mine.get("arn", ""),
        provider=mine.get("provider", "") or ("aws" if id_.startswith("i-") else ""),
        account=mine.get("account", ""),
        region=mine.get("region", ""),
        name=name,
        owner=mine.get("owner", ""),
        type=mine.get("type", ""),
        tags={_tag(column): cell for column, cell in others.items()},
    )


def _tag(column: str) -> str:
    return next((column[len(one) :] for one in _PREFIXES if column.casefold().startswith(one)), column)
