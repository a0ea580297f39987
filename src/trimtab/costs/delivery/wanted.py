"""What a definition asks for, out of its API's own words: the statement, the destination, the names of columns."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.delivery.cur_columns import Type, legacy_name
from trimtab.costs.delivery.model import Destination, FileKind, Kind
from trimtab.costs.delivery.rows import Output, Statement
from trimtab.costs.delivery.tables import CUR_TABLE, chosen

_OVERWRITE = "OVERWRITE_REPORT"
_SPREAD = {"cost_category": "costCategory", "resource_tags": "resourceTags"}
_SIGNS = re.compile(r"[^A-Za-z0-9_]")


class Wanted(Struct, frozen=True):
    """What is written and where.

    `names` are those at the head of a CSV where they differ from the columns' own. With `spread` each key of a map is a
    column.
    """

    statement: Statement
    destination: Destination
    names: tuple[str, ...] = ()
    spread: bool = False


def wanted(kind: Kind, form: Mapping[str, Any]) -> Wanted:
    """What a definition wants. Raises InvalidInput with what is wrong with it."""
    return _export(form) if kind is Kind.EXPORT else _report(form)


def _export(form: Mapping[str, Any]) -> Wanted:
    query = form["DataQuery"]
    place = form["DestinationConfigurations"]["S3Destination"]
    how = place["S3OutputConfigurations"]
    _agree(how["Format"] == "PARQUET", how["Compression"] == "PARQUET", how["Compression"] == "GZIP")
    files = FileKind.PARQUET if how["Format"] == "PARQUET" else FileKind.CSV
    destination = Destination(place["S3Bucket"], place["S3Prefix"], files, how["Overwrite"] == _OVERWRITE)
    return Wanted(_compiled(query["QueryStatement"], query.get("TableConfigurations")), destination)


def _report(form: Mapping[str, Any]) -> Wanted:
    _agree(form["Format"] == "Parquet", form["Compression"] == "Parquet", form["Compression"] == "GZIP")
    elements: Sequence[str] = form["AdditionalSchemaElements"]
    properties = {
        "TIME_GRANULARITY": form["TimeUnit"],
        "INCLUDE_RESOURCES": str("RESOURCES" in elements).upper(),
        "INCLUDE_SPLIT_COST_ALLOCATION_DATA": str("SPLIT_COST_ALLOCATION_DATA" in elements).upper(),
    }
    columns = [name for name in chosen(CUR_TABLE, properties).columns if name != "product"]
    statement = _compiled(f"SELECT {', '.join(columns)} FROM {CUR_TABLE}", {CUR_TABLE: properties})  # noqa: S608 - ours
    files = FileKind.PARQUET if form["Format"] == "Parquet" else FileKind.CSV
    overwrite = form.get("ReportVersioning", "CREATE_NEW_REPORT") == _OVERWRITE
    return Wanted(statement, Destination(form["S3Bucket"], form["S3Prefix"], files, overwrite), spread=True)


def spread(asked: Wanted, keys: Mapping[str, Sequence[str]]) -> Wanted:
    """The same with a column for each key of a map (`keys` by column), as reports have them, and reports' names."""
    statement = asked.statement
    outputs: list[Output] = []
    names: list[str] = []
    for one in statement.outputs:
        if one.type is not Type.PAIRS:
            outputs.append(one)
            names.append(legacy_name(one.name))
            continue
        for key in keys.get(one.name, ()):
            sql = f"nullIf({one.sql}[{statement.conditions.bind(key, 'String')}], '')"
            outputs.append(Output(f"{one.name}_{_SIGNS.sub('_', key).lower()}", Type.TEXT, sql))
            names.append(f"{_SPREAD[one.name]}/{key.replace('user_', 'user:', 1) if key.startswith('user_') else key}")
    csv = asked.destination.files is FileKind.CSV
    unique = outputs if csv else [one for n, one in enumerate(outputs) if one.name not in {o.name for o in outputs[:n]}]
    return replace(asked, statement=replace(statement, outputs=tuple(unique)), names=tuple(names) if csv else ())


def _agree(parquet: bool, compressed_as_parquet: bool, gzip: bool) -> None:
    if parquet != compressed_as_parquet:
        raise InvalidInput("Format and Compression must both be Parquet, or neither")
    if not parquet and not gzip:
        raise InvalidInput("Compression ZIP is not written: expected GZIP, or Parquet")


def _compiled(query: str, configurations: Mapping[str, Mapping[str, str]] | None) -> Statement:
    from trimtab.costs.delivery.statement import compiled  # its parser takes half a second to load

    return compiled(query, configurations)
