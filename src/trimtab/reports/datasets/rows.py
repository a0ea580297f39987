"""What a room's reader answered, as a relation of the engine: one bound value in the engine's JSON rows."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trimtab.base.errors import LimitExceeded
from trimtab.reports.datasets.field import ENGINE_TYPES, Field, Type
from trimtab.reports.datasets.source import MOST_ROWS, Relation, Rows, Source


def relation_of(source: Source, found: Rows) -> Relation:
    """Rows as the engine reads them. Raises LimitExceeded for more than it should be sent."""
    if len(found.rows) > MOST_ROWS:
        raise LimitExceeded(
            f"cannot read {source.name}: {len(found.rows)} rows, of at most {MOST_ROWS}; ask for a shorter range"
        )
    names = {one.name: f"r{at}" for at, one in enumerate(source.fields)}
    structure = ", ".join(f"{names[one.name]} {ENGINE_TYPES[one.type]}" for one in source.fields)
    quoted = structure.replace("'", "\\'")
    origin = f"FROM format(JSONCompactEachRow, '{quoted}', {{rows:String}})"
    return Relation(origin, names, {"rows": encoded(source.fields, found.rows)}, found.until_ms, found.note)


def encoded(fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as JSON arrays on one line: the engine reads a bound text up to its first line's end."""
    kinds = [one.type for one in fields]
    return " ".join(
        json.dumps([_plain(kind, value) for kind, value in zip(kinds, row, strict=True)], ensure_ascii=True)
        for row in rows
    )


def _plain(kind: Type, value: Any) -> Any:
    if kind is Type.LABELS:
        return {str(key): str(one) for key, one in (value or {}).items()}
    if value is None:
        return None
    if kind is Type.TIME:
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    if kind is Type.MONEY:
        return f"{Decimal(value):f}"
    if kind is Type.NUMBER:
        return float(value) if math.isfinite(value) else None
    return str(value) if kind is Type.TEXT else int(value) if kind is Type.INTEGER else bool(value)
