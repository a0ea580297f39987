"""Physical tables over data sources elsewhere, as what a dataset's spec says of them."""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.reports.quicksight.outside import Kind, quoted_name

_TYPES = {"STRING": "text", "INTEGER": "integer", "DECIMAL": "number", "DATETIME": "time", "BIT": "bool",
          "BOOLEAN": "bool", "JSON": "text", "SEMISTRUCT": "text"}  # fmt: skip
_FITS = {Kind.S3: ("S3Source",), Kind.POSTGRES: ("RelationalTable", "CustomSql")}


def outside_table(kind: str, given: Mapping[str, Any], source: Kind, place: str) -> dict[str, Any]:
    """The table that a physical table of `kind` reads of a data source. Raises InvalidInput, naming the part."""
    if kind not in _FITS.get(source, ()):
        raise _wrong(place, f"{kind} is no table of a data source of {source}")
    columns = given.get("InputColumns") or given.get("Columns") or ()
    if not columns:
        raise _wrong(place, f"expected the columns that {kind} gives, each with its type")
    table: dict[str, Any] = {"source": given["DataSourceArn"], "columns": {one["Name"]: _type(one) for one in columns}}
    if kind == "CustomSql":
        return {**table, "select": given["SqlQuery"].strip().rstrip(";")}
    if kind == "RelationalTable":
        names = [given["Schema"], given["Name"]] if given.get("Schema") else [given["Name"]]
        return {**table, "select": f"SELECT * FROM {'.'.join(map(quoted_name, names))}"}  # noqa: S608 - quoted names
    upload = given.get("UploadSettings") or {}
    form = upload.get("Format", "CSV")
    if form not in ("CSV", "TSV", "JSON"):
        raise _wrong(f"{place}.UploadSettings.Format", f"{form} files are not read; expected CSV, TSV or JSON")
    if form != "JSON" and any(one["Type"] != "STRING" for one in columns):
        # As AWS has it: "For files that aren't JSON, only STRING data types are supported in input columns."
        raise _wrong(f"{place}.InputColumns", f"columns of {form} files are STRING; cast them in a logical table")
    return {**table, "upload": dict(upload)}


def _type(column: Mapping[str, Any]) -> str:
    return "money" if column.get("SubType") == "FIXED" else _TYPES[column["Type"]]


def _wrong(place: str, why: str) -> InvalidInput:
    return InvalidInput(f"cannot use data set: {place}: {why}", field=place)
