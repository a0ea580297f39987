"""A QuickSight data set's tables as a dataset: physical tables are sources, logical ones what is done with them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.reports.analyses.grouping import field_text
from trimtab.reports.datasets.field import NUMERIC, Type
from trimtab.reports.datasets.language.lexer import Lexeme, tokens_of
from trimtab.reports.datasets.outside import OUTSIDE
from trimtab.reports.datasets.source import Source
from trimtab.reports.quicksight.outside import Kind
from trimtab.reports.quicksight.outside_tables import outside_table
from trimtab.reports.quicksight.sql import read_select
from trimtab.reports.quicksight.unions import member

Document = dict[str, Any]
_JOINS = {"INNER": "inner", "LEFT": "left", "OUTER": "full"}
_ON = re.compile(r"\s*\{?([^{}=]+?)\}?\s*=\s*\{?([^{}=]+?)\}?\s*")
_KINDS = ("RelationalTable", "CustomSql", "S3Source", "SaaSTable", "FileSource")
_CASTS: Mapping[str, tuple[frozenset[Type], str]] = {
    "STRING": (frozenset((Type.TEXT,)), "toString({})"),
    "INTEGER": (frozenset((Type.INTEGER,)), "decimalToInt({})"),
    "DECIMAL": (frozenset((Type.NUMBER, Type.MONEY)), "intToDecimal({})"),
    "DATETIME": (frozenset((Type.TIME,)), "parseDate({})"),
}


class Table(Struct):
    """A table on its way to a dataset. `rows` are constants, of which no dataset is made; `shown` what is projected."""

    uses: list[Document] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    filters: list[str] = field(default_factory=list)
    rows: Sequence[Mapping[str, str]] = ()
    shown: Sequence[str] | None = None


def table_of(
    physical: Mapping[str, Any], logical: Mapping[str, Any], sources: Mapping[str, Source], kinds: Mapping[str, Kind]
) -> Table:
    """The table that a data set's maps of tables come to. Raises InvalidInput, naming the part.

    `kinds` are those of the data sources, by ARN.
    """
    ready = {key: _physical(key, one, sources, kinds) for key, one in physical.items()}
    if not logical:
        if len(ready) != 1:
            raise _wrong("LogicalTableMap", "several physical tables need a logical one that joins them")
        return next(iter(ready.values()))
    operands = [
        join[side]
        for one in logical.values()
        if (join := one["Source"].get("JoinInstruction"))
        for side in ("LeftOperand", "RightOperand")
    ]
    roots = [key for key in logical if key not in operands]
    if len(roots) != 1:
        raise _wrong("LogicalTableMap", f"expected one table that no other joins, got {len(roots)}")
    return _Logical(logical, ready, sources).table(roots[0], ())


def _physical(key: str, one: Mapping[str, Any], sources: Mapping[str, Source], kinds: Mapping[str, Kind]) -> Table:
    place = f"PhysicalTableMap.{key}"
    kind = next((name for name in _KINDS if one.get(name)), "")
    source_kind = kinds.get(one[kind]["DataSourceArn"], Kind.OWN) if kind else Kind.OWN
    if source_kind is not Kind.OWN:
        name = re.sub(r"\W", "_", f"t_{key}", flags=re.ASCII)[:63]
        return Table([{"use": OUTSIDE, "name": name, "outside": outside_table(kind, one[kind], source_kind, place)}])
    if kind == "RelationalTable":
        given = one[kind]
        source = _source(given["Name"], sources, f"{place}.RelationalTable.Name")
        names = [column["Name"] for column in given["InputColumns"]]
        for name in names:
            if source.field(name) is None:
                raise _wrong(f"{place}.InputColumns", f"there is no column {name!r} in {source.name}")
        return Table([{"use": source.name, "take": {name: field_text(name) for name in names}}])
    if kind == "CustomSql":
        found = read_select(one[kind]["SqlQuery"])
        if not found.table:
            return Table(rows=found.rows)
        use: Document = {"use": _source(found.table, sources, f"{place}.CustomSql.SqlQuery").name}
        use |= {"take": found.take} if found.take else {}
        use |= {"by": list(found.by)} if found.by else {}
        return Table([use | ({"where": [found.where]} if found.where else {})])
    raise _wrong(place, f"{kind or 'this kind of table'} has no meaning here; expected RelationalTable or CustomSql")


def _source(name: str, sources: Mapping[str, Source], place: str) -> Source:
    found = sources.get(name)
    if found is None:
        raise _wrong(place, f"there is no table {name[:80]!r}; trimtab has {', '.join(sources)}")
    return found


class _Logical(Struct, frozen=True):
    """The logical tables of a data set."""

    tables: Mapping[str, Any]
    physical: Mapping[str, Table]
    sources: Mapping[str, Source]

    def table(self, key: str, path: tuple[str, ...]) -> Table:
        """A logical table with all that it is made of."""
        if key in path or key not in self.tables:
            raise _wrong("LogicalTableMap", f"{key!r} {'is made of itself' if key in path else 'is no logical table'}")
        given, place = self.tables[key], f"LogicalTableMap.{key}"
        source = given["Source"]
        if join := source.get("JoinInstruction"):
            found = self._joined(join, given["Alias"], (*path, key), place)
        elif source.get("PhysicalTableId") in self.physical:
            known = self.physical[source["PhysicalTableId"]]
            found = Table([dict(one) for one in known.uses], rows=known.rows)
        else:
            raise _wrong(f"{place}.Source", "expected the id of a physical table, or a JoinInstruction")
        for at, transform in enumerate(given.get("DataTransforms") or ()):
            self._transform(found, transform, f"{place}.DataTransforms[{at}]")
        return found

    def _joined(self, join: Mapping[str, Any], alias: str, path: tuple[str, ...], place: str) -> Table:
        left, right = (self.table(join[side], path) for side in ("LeftOperand", "RightOperand"))
        pairs = _pairs(join["OnClause"], f"{place}.Source.JoinInstruction.OnClause")
        kind = join["Type"]
        if kind == "RIGHT":
            left, right, kind = right, left, "LEFT"
            pairs = [(mine, theirs) for theirs, mine in pairs]
        if left.rows or right.rows or len(right.uses) != 1 or right.fields:
            raise _wrong(place, "the second table of a join is one table without calculated fields")
        use = right.uses[0]
        use["where"] = [*use.get("where", []), *right.filters]
        use |= {"join": _JOINS[kind], "on": [a if a == b else f"{a} = {b}" for a, b in pairs]}
        if use.get("name", use["use"]) in [one.get("name", one["use"]) for one in left.uses]:
            use["name"] = re.sub(r"\W", "_", alias)
        return Table([*left.uses, use], left.fields, left.filters)

    def _transform(self, table: Table, given: Mapping[str, Any], place: str) -> None:
        kind, body = member(given)
        if kind == "FilterOperation" and body.get("ConditionExpression"):
            table.filters.append(body["ConditionExpression"])
        elif kind == "CreateColumnsOperation":
            table.fields |= {one["ColumnName"]: one["Expression"] for one in body["Columns"]}
        elif kind == "RenameColumnOperation":
            self._rename(table, body["ColumnName"], body["NewColumnName"], place)
        elif kind == "ProjectOperation":
            table.shown = list(body["ProjectedColumns"])
        elif kind == "CastColumnTypeOperation":
            self._cast(table, body, place)
        elif kind not in ("TagColumnOperation", "UntagColumnOperation"):  # what a column is called for maps
            raise _wrong(place, f"{kind} has no meaning here")

    def _rename(self, table: Table, old: str, new: str, place: str) -> None:
        if any(_reads(text, old) for text in (*table.fields.values(), *table.filters)):
            raise _wrong(place, f"{old!r} is read by a calculated field or filter above; rename it before")
        if old in table.fields:
            table.fields[new] = table.fields.pop(old)
            return
        if len(table.uses) != 1:
            table.fields[new] = field_text(old)
            return
        use = table.uses[0]
        use["take"] = {new if name == old else name: text for name, text in self._taken(use).items()}
        if use.get("by"):
            use["by"] = [new if name == old else name for name in use["by"]]

    def _cast(self, table: Table, body: Mapping[str, Any], place: str) -> None:
        name, wanted = body["ColumnName"], body["NewColumnType"]
        types = self._types(table.uses[0]) if len(table.uses) == 1 else {}
        taken = self._taken(table.uses[0]).get(name, "") if types else ""
        known = types.get(taken.strip("{}"))
        if known is None:
            raise _wrong(place, f"{name!r} is no plain column of one table; convert it in a calculated field")
        fits, written = _CASTS[wanted]
        if known in fits:
            return
        if wanted in ("INTEGER", "DECIMAL") and known not in NUMERIC:
            written = "parseInt({})" if wanted == "INTEGER" else "parseDecimal({})"
        table.uses[0]["take"] = {**self._taken(table.uses[0]), name: written.format(taken)}

    def _taken(self, use: Mapping[str, Any]) -> dict[str, str]:
        """What a use takes, each field named."""
        return dict(use.get("take") or {name: field_text(name) for name in self._types(use)})

    def _types(self, use: Mapping[str, Any]) -> dict[str, Type]:
        """The fields that a use can take, with their types."""
        if use["use"] == OUTSIDE:
            return {name: Type(kind) for name, kind in use["outside"]["columns"].items()}
        return {one.name: one.type for one in self.sources[use["use"]].fields}


def _pairs(text: str, place: str) -> list[tuple[str, str]]:
    """The columns that are equal in an ON clause: `{a} = {b} AND {c} = {c[orders]}`."""
    found = []
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE):
        match = _ON.fullmatch(part)
        if match is None:
            raise _wrong(place, f"got {text[:120]!r}; expected columns that are equal, joined by AND")
        found.append((_bare(match[1]), _bare(match[2])))
    return found


def _bare(name: str) -> str:
    return re.sub(r"\[[^\]]*\]$", "", name.strip())


def _reads(text: str, name: str) -> bool:
    return any(one.lexeme in (Lexeme.NAME, Lexeme.FIELD) and one.text == name for one in tokens_of(text))


def _wrong(place: str, why: str) -> InvalidInput:
    return InvalidInput(f"cannot use data set: {place}: {why}", field=place)
