"""Values of tables elsewhere as values of a dataset's fields."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from trimtab.base.clock import to_ms
from trimtab.reports.datasets.field import Type
from trimtab.reports.quicksight.problems import Unreadable

_TRUTHS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}


def converted(rows: Sequence[Sequence[Any]], columns: Mapping[str, str]) -> list[list[Any]]:
    """Rows with every value as its column's type; empty texts of other types are nothing. Raises Unreadable."""
    kinds = [Type(kind) for kind in columns.values()]
    found = []
    for number, row in enumerate(rows, start=1):
        values = []
        for name, kind, value in zip(columns, kinds, row, strict=True):
            try:
                values.append(None if value is None or (value == "" and kind is not Type.TEXT) else _AS[kind](value))
            except (ValueError, TypeError, InvalidOperation, OverflowError, KeyError):
                raise Unreadable(
                    f"cannot read column {name!r}: row {number} has {str(value)[:80]!r}, which is no {kind}",
                    "GENERIC_SQL_FAILURE", "SQL_SCHEMA_MISMATCH_ERROR",
                ) from None  # fmt: skip
        found.append(values)
    return found


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return value.hex() if isinstance(value, (bytes, memoryview)) else str(value)


def _decimal(value: Any) -> Decimal:
    found = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    if not found.is_finite():
        raise ValueError(value)
    return found


def _integer(value: Any) -> int:
    whole = _decimal(value)
    if whole != whole.to_integral_value() or not -(2**63) <= whole < 2**63:
        raise ValueError(value)
    return int(whole)


def _moment(value: Any) -> int:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if isinstance(value, datetime):
        return to_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return to_ms(datetime.combine(value, time(), UTC))
    raise TypeError(value)


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else _TRUTHS[str(value).strip().lower()]


_AS: Mapping[Type, Callable[[Any], Any]] = {
    Type.TEXT: _text, Type.NUMBER: float, Type.INTEGER: _integer, Type.MONEY: _decimal, Type.TIME: _moment,
    Type.BOOL: _truth,
}  # fmt: skip
