"""What a visual groups by: fields and expressions, times cut to a grain (`day@week`, `hour@hour-of-day`)."""

import re
from collections.abc import Mapping

from msgspec import Struct

from trimtab.base.clock import iso
from trimtab.reports.datasets.field import Type

PERIODS: Mapping[str, str] = {
    "minute": "MI", "hour": "HH", "day": "DD", "week": "WK", "month": "MM", "quarter": "Q", "year": "YYYY",
}  # fmt: skip
"""Grains of a time, as the language of expressions calls them; weeks begin on Sunday."""
CYCLES: Mapping[str, str] = {"hour-of-day": "HH", "weekday": "WD"}
"""Grains that come back: parts of a time."""
GRAINS = (*PERIODS, *CYCLES)
FIXED_MS: Mapping[str, int] = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}
WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
NONE, OTHER = "(none)", "Other"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_DAY_MS = 86_400_000


class Dimension(Struct, frozen=True):
    """A thing that is grouped by. `written` is how the spec has it, `field` without the grain, `type` of `field`."""

    written: str
    field: str
    type: Type
    grain: str = ""

    @property
    def label(self) -> str:
        """Its name for people."""
        name = plain_name(self.field)
        return name if self.grain in ("", name) else f"{name} by {self.grain.replace('-', ' ')}"

    @property
    def cyclic(self) -> bool:
        """Whether it is a part of a time that comes back."""
        return self.grain in CYCLES

    @property
    def timely(self) -> bool:
        """Whether its values are moments, one after another."""
        return self.type is Type.TIME and not self.cyclic

    @property
    def expression(self) -> str:
        """The expression of its values; texts and flags as texts, where nothing is `(none)`."""
        if self.cyclic:
            return f"extract('{CYCLES[self.grain]}', {self.field})"
        if self.type is Type.TIME:
            return f"truncDate('{PERIODS[self.grain or 'day']}', {self.field})"
        text = self.field if self.type is Type.TEXT else f"toString({self.field})"
        return f"coalesce({text}, {quoted(NONE)})"

    def condition(self, value: object) -> str | None:
        """The condition of the rows behind a value; None where there is none, as of the others together."""
        if self.cyclic:
            return f"{self.expression} = {value}"
        if value is None or value == NONE:
            return f"isNull({self.field})"
        if self.type is Type.TIME:
            return f"{self.expression} = {quoted(moment(value))}" if isinstance(value, int) else None
        if value == OTHER:
            return None
        text = self.field if self.type is Type.TEXT else f"toString({self.field})"
        return f"{text} = {quoted(str(value))}"


def split_grain(written: str) -> tuple[str, str]:
    """The expression and the grain of an entry of `by`."""
    field, at, grain = written.rpartition("@")
    return (field.strip(), grain) if at and grain in GRAINS else (written.strip(), "")


def usual_grain(field: str, span_ms: int) -> str:
    """The grain of a time that names none: so that a range has some dozens of periods."""
    if span_ms > 200 * _DAY_MS:
        return "month"
    if span_ms > 92 * _DAY_MS:
        return "week"
    return "hour" if span_ms <= 3 * _DAY_MS and plain_name(field) != "day" else "day"


def quoted(text: str) -> str:
    """A text as expressions have it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def field_text(name: str) -> str:
    """A field's name as expressions have it."""
    return name if _WORD.fullmatch(name) and name.lower() not in ("and", "or", "not", "in", "null") else f"{{{name}}}"


def plain_name(expression: str) -> str:
    """A field without its braces; any other expression as it is."""
    inner = expression[1:-1] if expression.startswith("{") and expression.endswith("}") else expression
    return inner if "{" not in inner else expression


def moment(ms: int) -> str:
    """A time as expressions read it."""
    return iso(ms)
