"""Columns, aggregations and calculated fields of QuickSight's definitions as expressions of datasets."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.reports.analyses.grouping import field_text
from trimtab.reports.datasets.language.lexer import Lexeme, Token, tokens_of
from trimtab.reports.quicksight.unions import member

AGGREGATES = {
    "SUM": "sum", "AVERAGE": "avg", "MIN": "min", "MAX": "max", "COUNT": "count", "DISTINCT_COUNT": "distinct_count",
    "VAR": "var", "STDEV": "stdev", "MEDIAN": "median",
}  # fmt: skip
GRAINS = {
    "YEAR": "year", "QUARTER": "quarter", "MONTH": "month", "WEEK": "week", "DAY": "day", "HOUR": "hour",
    "MINUTE": "minute",
}  # fmt: skip
_MOST_DEPTH = 20
_OF_GROUPS = frozenset(
    name + ending
    for name in ("sum", "avg", "min", "max", "count", "distinct_count", "stdev", "var", "median", "percentile")
    for ending in ("", "if")
)


class Unmapped(InvalidInput):
    """A part of a definition that has no meaning here; nothing that AWS would refuse."""


class Columns(Struct, frozen=True):
    """What a definition calls columns: its calculated fields, by the data set's identifier and name."""

    calculated: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> "Columns":
        """The calculated fields of a definition."""
        listed = definition.get("CalculatedFields") or ()
        return cls({(one.get("DataSetIdentifier", ""), one["Name"]): one["Expression"] for one in listed})

    def column(self, given: Mapping[str, Any]) -> str:
        """A column as an expression: a field, or what it is calculated from. Raises InvalidInput."""
        identifier, name = given.get("DataSetIdentifier", ""), given["ColumnName"]
        text = self.calculated.get((identifier, name))
        return field_text(name) if text is None else self.expression(text, identifier)

    def expression(self, text: str, identifier: str, depth: int = 0) -> str:
        """An expression with the calculated fields in it written out. Raises InvalidInput for a circle."""
        if depth > _MOST_DEPTH:
            raise InvalidInput(f"cannot use expression {text[:80]!r}: calculated fields read one another in a circle")
        out, at = [], 0
        tokens = tokens_of(text)
        for one, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
            known = self.calculated.get((identifier, one.text))
            if known is None or not _is_field(one, after):
                continue
            out += [text[at : one.start], f"({self.expression(known, identifier, depth + 1)})"]
            at = one.end
        return "".join([*out, text[at:]])

    def dimension(self, field: Mapping[str, Any]) -> str:
        """A field of dimensions as an entry of `by`: a time takes its grain. Raises InvalidInput."""
        kind, given = member(field)
        if not kind:
            raise InvalidInput("expected a dimension")
        written = self.column(given["Column"])
        if kind != "DateDimensionField":
            return written
        grain = given.get("DateGranularity", "DAY")
        if grain not in GRAINS:
            raise Unmapped(f"times are not grouped by {grain}")
        return f"{written}@{GRAINS[grain]}"

    def measure(self, field: Mapping[str, Any]) -> dict[str, str]:
        """A field of measures: its value and, for people, its name. Raises InvalidInput."""
        kind, given = member(field)
        if not kind:
            raise InvalidInput("expected a measure")
        if kind == "CalculatedMeasureField":
            return {"value": self.expression(given["Expression"], "")}
        identifier, name = given["Column"].get("DataSetIdentifier", ""), given["Column"]["ColumnName"]
        written, asked = self.column(given["Column"]), given.get("AggregationFunction")
        named = {"name": name} if (identifier, name) in self.calculated else {}
        if is_aggregate(written):
            return {"value": written, **named}
        usual = "SUM" if kind == "NumericalMeasureField" else "COUNT"
        simple = asked if isinstance(asked, str) else (asked or {}).get("SimpleNumericalAggregation")
        if isinstance(asked, Mapping) and asked.get("PercentileAggregation"):
            rank = asked["PercentileAggregation"].get("PercentileValue", 50)
            return {"value": f"percentile({written}, {rank:g})", **named}
        if (simple or usual) not in AGGREGATES:
            raise Unmapped(f"there is no aggregation {simple}")
        return {"value": f"{AGGREGATES[simple or usual]}({written})", **named}


def is_aggregate(text: str) -> bool:
    """Whether an expression is of groups of rows, and not of one row."""
    tokens = tokens_of(text)
    return any(
        one.lexeme is Lexeme.NAME and one.text.lower() in _OF_GROUPS and after.is_sign("(")
        for one, after in pairwise(tokens)
    )


def _is_field(one: Token, after: Token) -> bool:
    return one.lexeme is Lexeme.FIELD or (one.lexeme is Lexeme.NAME and not after.is_sign("("))
