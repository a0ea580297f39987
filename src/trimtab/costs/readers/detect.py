"""Which reader a file is for: a format's own, or a mapping of a provider's columns to FOCUS."""

from collections.abc import Sequence
from types import ModuleType

from trimtab.base.errors import InvalidInput
from trimtab.costs.readers import cur2, cur_legacy, focus, llm_usage, mapped
from trimtab.costs.readers.columns import Columns, Kind, SourceColumn
from trimtab.costs.readers.lines import LineMap
from trimtab.costs.readers.mapping import Mapping, built_in

READERS: dict[str, ModuleType] = {"cur2": cur2, "cur": cur_legacy, "focus": focus, "llm": llm_usage}
FORMATS = ("auto", *READERS, "rate-card")
_SURE = ("cur2", "cur", "focus")
"""Formats that columns tell for sure; what an LLM's export is told by others have too, so mappings come before it."""
_SHOWN = 8


def read_columns(
    found: tuple[SourceColumn, ...], format_: str, shown: str, mapping: Mapping | None = None
) -> tuple[LineMap, tuple[str, ...]]:
    """How a table becomes lines, and what is said of its columns. Raises InvalidInput where no reader knows it."""
    columns = Columns(found)
    lines = _lines(columns, format_, mapping)
    if lines is not None:
        return lines, _drift(columns, lines)
    known = ", ".join(column.name for column in found[:_SHOWN])
    raise InvalidInput(
        f"cannot import {shown}: no reader for {'its columns' if format_ == 'auto' else format_} knows {known} …; "
        "expected CUR 2.0, a legacy CUR, FOCUS, a usage export of an LLM API, or an export that a mapping knows; "
        "try --mapping with a file that maps its columns to FOCUS (`trimtab costs mappings` shows examples)"
    )


def is_known(names: Sequence[str], mapping: Mapping | None, sure: bool = False) -> bool:
    """Whether a file with columns of these names is a bill; `sure`: by a format of its own."""
    columns = Columns([SourceColumn(name, Kind.TEXT, f"c{at}") for at, name in enumerate(names)])
    if any(READERS[name].recognises(columns) for name in _SURE):
        return True
    return not sure and (mapping is not None or _mapping_of(columns) is not None)


def _lines(columns: Columns, format_: str, mapping: Mapping | None) -> LineMap | None:
    if mapping is not None:
        return mapped.read(mapping, columns)
    if format_ in READERS:
        names: Sequence[str] = (format_,)
    else:
        names = _SURE
    for name in names:
        if READERS[name].recognises(columns):
            lines: LineMap = READERS[name].read(columns)
            return lines
    if format_ in READERS:
        return None
    if (fitting := _mapping_of(columns)) is not None:
        return mapped.read(fitting, columns)
    return llm_usage.read(columns) if llm_usage.recognises(columns) else None


def _mapping_of(columns: Columns) -> Mapping | None:
    return next((one for one in built_in() if mapped.fits(one, columns)), None)


def _drift(columns: Columns, mapping: LineMap) -> tuple[str, ...]:
    notes = list(mapping.notes)
    if columns.missing:
        notes.append("columns that the format has and the file lacks: " + ", ".join(columns.missing))
    return tuple(notes)
