"""Which reader a file is for."""

from types import ModuleType

from trimtab.base.errors import InvalidInput
from trimtab.costs.readers import cur2, cur_legacy, focus, llm_usage
from trimtab.costs.readers.columns import Columns, SourceColumn
from trimtab.costs.readers.lines import LineMap

READERS: dict[str, ModuleType] = {"cur2": cur2, "cur": cur_legacy, "focus": focus, "llm": llm_usage}
FORMATS = ("auto", *READERS, "rate-card")
_SHOWN = 8


def read_columns(found: tuple[SourceColumn, ...], format_: str, shown: str) -> tuple[LineMap, tuple[str, ...]]:
    """How a table becomes lines, and what is said of its columns. Raises InvalidInput where no reader knows it."""
    columns = Columns(found)
    names = [format_] if format_ in READERS else list(READERS)
    for name in names:
        if READERS[name].recognises(columns):
            mapping: LineMap = READERS[name].read(columns)
            return mapping, _drift(columns, mapping)
    known = ", ".join(column.name for column in found[:_SHOWN])
    raise InvalidInput(
        f"cannot import {shown}: no reader for {'its columns' if format_ == 'auto' else format_} knows {known} …; "
        "expected CUR 2.0, a legacy CUR, FOCUS, or a usage export of an LLM API"
    )


def _drift(columns: Columns, mapping: LineMap) -> tuple[str, ...]:
    notes = list(mapping.notes)
    if columns.missing:
        notes.append("columns that the format has and the file lacks: " + ", ".join(columns.missing))
    return tuple(notes)
