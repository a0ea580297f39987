"""The legacy Cost and Usage Report: columns such as `lineItem/UnblendedCost`, tags and products one column each."""

import re

from trimtab.base.records import replace
from trimtab.costs.readers.aws import map_aws
from trimtab.costs.readers.columns import Columns, SourceColumn
from trimtab.costs.readers.lines import LineMap

FORMAT = "cur"

_KEPT = ("resourceTags/", "costCategory/", "product/")  # their keys are the user's or the product's own
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z])")


def recognises(columns: Columns) -> bool:
    """Whether a file has the columns without which it is no legacy report."""
    return columns.has("lineItem/UnblendedCost", "lineItem/LineItemType")


def read(columns: Columns) -> LineMap:
    """How the file becomes lines."""
    return map_aws(Columns([_renamed(column) for column in columns.columns]), FORMAT)


def modern(name: str) -> str:
    """The name of a column in CUR 2.0: `savingsPlan/SavingsPlanARN` is `savings_plan_savings_plan_a_r_n`."""
    section, slash, rest = name.partition("/")
    if not slash or name.startswith(_KEPT):
        return name
    return "_".join(_WORD.sub("_", part).lower() for part in (section, rest))


def _renamed(column: SourceColumn) -> SourceColumn:
    return replace(column, name=modern(column.name))
