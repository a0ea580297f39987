"""What a visual shows: its groups with their amounts, those of the period before, and what is drawn over them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.reports.analyses.amounts import Amount
from trimtab.reports.analyses.grouping import OTHER, WEEKDAYS, Dimension, moment
from trimtab.reports.analyses.spec import Visual

Key = str | int | None
"""A value of a dimension: a text, a moment in ms or a part of a time."""
Value = Decimal | float | int | None


class Row(Struct, frozen=True):
    """A group: a key for each dimension, a value for each amount, and those of the period before, where compared."""

    keys: tuple[Key, ...]
    values: tuple[Value, ...]
    before: tuple[Value, ...] = ()


class Ahead(Struct, frozen=True):
    """A forecast of the first amount: for each step from, to, and what is expected between which limits."""

    steps: Sequence[tuple[int, float, float, float]]
    level: float
    error: float


class Band(Struct, frozen=True):
    """What is usual of the first amount: limits at times, and the times (ms) that lie outside."""

    limits: Sequence[tuple[int, float, float]]
    outside: frozenset[int]


class Shown(Struct, frozen=True):
    """A visual answered. `kind` is the chart that was chosen, `total` the amounts of all groups together.

    `partial_ms`: where the last period begins that is not over or not known whole; None: all are.
    """

    visual: Visual
    kind: str
    dataset: str
    dimensions: tuple[Dimension, ...]
    amounts: tuple[Amount, ...]
    rows: tuple[Row, ...]
    start_ms: int
    end_ms: int
    total: Row | None = None
    before: tuple[int, int] | None = None
    until_ms: Mapping[str, int | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    more: bool = False
    ahead: Ahead | None = None
    band: Band | None = None
    series: Sequence[tuple[int, float]] = ()
    extracted_ms: int | None = None

    @property
    def title(self) -> str:
        """The visual's own title, else what it shows in words."""
        if self.visual.title:
            return self.visual.title
        names = [one.label for one in self.dimensions]
        by = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        what = ", ".join(one.label for one in self.amounts)
        words = f"{what} by {by}" if by else what
        return words[:1].upper() + words[1:]

    @property
    def known_until_ms(self) -> int | None:
        """Until when all of its sources are known, where that is known."""
        known = [one for one in self.until_ms.values() if one is not None]
        return min(known) if known else None


def words_of(dimension: Dimension, key: Key) -> str:
    """A key for people."""
    if key is None:
        return "(none)"
    if dimension.grain == "weekday" and isinstance(key, int):
        return WEEKDAYS[(key - 1) % 7]
    if dimension.grain == "hour-of-day":
        return f"{key:02d}:00" if isinstance(key, int) else str(key)
    if dimension.timely and isinstance(key, int):
        return _moment(key, dimension.grain)
    return str(key)


def number_of(value: Value) -> float | None:
    """A value as a chart draws it."""
    return None if value is None else float(value)


def is_other(key: Key) -> bool:
    """Whether a key stands for the groups that are not shown one by one."""
    return key == OTHER


def _moment(ms: int, grain: str) -> str:
    text = moment(ms)
    if grain in ("hour", "minute"):
        return f"{text[5:10]} {text[11:16]}"
    return {"month": text[:7], "year": text[:4]}.get(grain, text[:10])
