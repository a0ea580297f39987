"""The tables that an export can select from, with their properties, as ListTables and GetTable tell of them."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.costs.delivery.cur_columns import COLUMNS as CUR
from trimtab.costs.delivery.cur_columns import OF_HOURS, Column, Type
from trimtab.costs.export import columns as focus

CUR_TABLE = "COST_AND_USAGE_REPORT"


class Grain(StrEnum):
    """What of a day or month is put together in a line; hours are lines as they are."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    MONTHLY = "MONTHLY"


class Property(Struct, frozen=True):
    """A property of a table: what it may be (the first is the default)."""

    values: tuple[str, ...]
    told: str


class Table(Struct, frozen=True):
    """A table: its columns by name, and what stands between `cost_lines` and them."""

    name: str
    told: str
    columns: Mapping[str, Column]
    properties: Mapping[str, Property]
    join: str = ""


def _focus_type(name: str) -> Type:
    if name.endswith(focus.TIME):
        return Type.TIME
    return Type.AMOUNT if name.endswith(focus.MONEY) else Type.TEXT


def _focus(version: str) -> Table:
    columns = {name: Column(_focus_type(name), sql) for name, sql in focus.columns_of(version).items()}
    name = f"FOCUS_{version.replace('.', '_')}_AWS"
    return Table(name, f"FOCUS {version}: a line a charge", columns, {}, f"ARRAY JOIN {focus.PARTS} AS part")


_CUR = Table(
    CUR_TABLE,
    "Cost and Usage Report 2.0: a line a charge, by hour, day or month",
    CUR,
    {
        "TIME_GRANULARITY": Property(tuple(Grain), "Hours, or what of a day or a month is put together."),
        "INCLUDE_RESOURCES": Property(("FALSE", "TRUE"), "Whether lines name their resource."),
        "INCLUDE_SPLIT_COST_ALLOCATION_DATA": Property(("FALSE", "TRUE"), "Whether split lines are among them."),
        "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": Property(("FALSE", "TRUE"), "Changes nothing here."),
    },
)
TABLES: Mapping[str, Table] = {one.name: one for one in (_CUR, *(_focus(version) for version in focus.VERSIONS))}


class Chosen(Struct, frozen=True):
    """A table as an export's properties have it."""

    table: Table
    grain: Grain = Grain.HOURLY
    resources: bool = True
    splits: bool = True

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns that there are."""
        without = () if self.resources else ("line_item_resource_id",)
        gone = (*without, *(OF_HOURS[:2] if self.grain is not Grain.HOURLY else ()))
        shown = {name: one for name, one in self.table.columns.items() if name not in gone}
        return shown if self.splits else {k: v for k, v in shown.items() if not k.startswith("split_")}

    @property
    def condition(self) -> str:
        """What of `cost_lines` is in it: split lines repeat what their parents cost."""
        return "1" if self.splits or self.table.name != CUR_TABLE else "split_parent = ''"


def chosen(name: str, properties: Mapping[str, str] | None = None) -> Chosen:
    """A table by name, with properties. Raises InvalidInput for one that is not there."""
    table = TABLES.get(name.upper())
    if table is None:
        raise InvalidInput(f"cannot select from {name[:100]!r}: expected one of {', '.join(TABLES)}")
    asked = {key.upper(): value.upper() for key, value in (properties or {}).items()}
    for key, value in asked.items():
        known = table.properties.get(key)
        if known is None:
            raise InvalidInput(f"{table.name} has no property {key[:100]!r}")
        if value not in known.values:
            raise InvalidInput(f"{key} cannot be {value[:100]!r}: expected one of {', '.join(known.values)}")
    if not table.properties:
        return Chosen(table)
    on = {key: asked.get(key, one.values[0]) for key, one in table.properties.items()}
    return Chosen(
        table,
        Grain(on["TIME_GRANULARITY"]),
        on["INCLUDE_RESOURCES"] == "TRUE",
        on["INCLUDE_SPLIT_COST_ALLOCATION_DATA"] == "TRUE",
    )
