"""An open month as it will close: use so far and ahead, each named line, and a whole that says how far it may be off.

How far is what closed months say: each is asked about on the same day, from the months and days before alone, and set
beside what it came to. Pure; a forecast of the use that is left comes from outside.
"""

from collections.abc import Mapping, Sequence, Set
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.costs.closing.charges import Charges, Floats, Kind, LineName
from trimtab.costs.closing.late import late_use
from trimtab.costs.closing.ways import Expectation, LineMonth, bases_of, comes_daily, expect
from trimtab.costs.periods import month_before, month_start, next_month
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.forecast.intervals import replayed_width

_ORDER = (Kind.FEE, Kind.CREDIT, Kind.REFUND, Kind.SUPPORT, Kind.TAX)
"""Each looks at what those before it come to."""
CLOSES_MS = 10 * DAY_MS
"""A month is over ten days after its end: AWS finishes its bills between the third and the seventh."""
_CLOSED_BY = (Kind.TAX, Kind.SUPPORT)
_FEW = 3
"""Closed months that are few: what fewer teach is no measure of what more teach, where there are enough."""
_UNSURE = 0.5
_WEEK = 7
_CENT = Decimal("0.01")
_DOLLARS = "USD"


class ExpectedLine(Struct, frozen=True):
    """A line of a month: what the bill has of it, and what it is expected to come to in all, with bounds and why."""

    name: LineName
    so_far: Decimal
    expected: Decimal
    lower: Decimal
    upper: Decimal
    why: str


class Closing(Struct, frozen=True):
    """A month as it will close. `use` is so far, `ahead` what is forecast of it; `lines` the largest first.

    `expected` is the whole, `lower` and `upper` hold the level of outcomes. `error`: the median size of what closed
    months were off when they were asked about on the same day, `held` the share inside the interval of the others;
    both of `replayed` months, None without any. `note` says where closed months are too few.
    """

    start_ms: int
    end_ms: int
    known: Decimal
    use: Decimal
    ahead: Decimal
    lines: tuple[ExpectedLine, ...]
    expected: Decimal
    lower: Decimal
    upper: Decimal
    closed: int
    replayed: int
    error: float | None
    held: float | None
    note: str = ""


class Ahead(Struct, frozen=True):
    """What is forecast of the use of days that are left, half its width, and how that went on days of closed months:
    by the day that was asked on, what was said and what came.
    """

    amount: float = 0.0
    wide: float = 0.0
    replayed: Mapping[int, tuple[float, float]] | None = None


class Books(Struct, frozen=True):
    """The bill by months: `closed` are the starts of those that are over, `use` their sums by month."""

    charges: Charges
    currency: str
    closed: tuple[int, ...]

    @classmethod
    def of(cls, charges: Charges, currency: str, now_ms: int) -> "Books":
        """The books of a bill as it is at `now_ms`."""
        first = charges.start_ms
        open_ms = month_start(charges.known_until_ms)
        months: list[int] = []
        at = month_before(open_ms)
        while at >= first:
            months.insert(0, at)
            at = month_before(at)
        books = cls(charges, currency, tuple(months))
        if months and now_ms < open_ms + CLOSES_MS and books._lacks(months[-1]):
            books = replace(books, closed=tuple(months[:-1]))
        return books

    @property
    def open(self) -> tuple[int, ...]:
        """The starts of the months that are not over: that in which the bill ends, and one before it that lacks what
        comes at the close.
        """
        now = month_start(self.charges.known_until_ms)
        before = month_before(now)
        late = bool(self.charges.start_ms <= before and before not in self.closed)
        return (before, now) if late else (now,)

    def days(self, values: Sequence[Decimal] | Floats, month: int) -> Floats:
        """The days of a month of an array over all days; as many as there are."""
        first = (month - self.charges.start_ms) // DAY_MS
        last = (next_month(month) - self.charges.start_ms) // DAY_MS
        return np.array([float(one) for one in values[max(first, 0) : last]])

    def use(self, month: int) -> float:
        """What a month used."""
        return float(self.days(self.charges.use, month).sum())

    def amounts(self, month: int) -> dict[LineName, float]:
        """What a month had of each line."""
        return {name: float(self.days(days, month).sum()) for name, days in self.charges.lines.items()}

    def _lacks(self, month: int) -> bool:
        """Whether a month has nothing of a tax or of support that each of the months before it had."""
        before = [one for one in self.closed if one < month][-_FEW:]
        closers = [name for name in self.charges.lines if name.kind in _CLOSED_BY]
        amounts = [self.amounts(one) for one in before]
        now = self.amounts(month)
        return bool(before) and any(not now[name] and all(one[name] for one in amounts) for name in closers)


def closing_of(books: Books, month: int, ahead: Ahead, level: float) -> Closing:
    """A month that is not over, as it will close."""
    charges, passed = books.charges, _passed(books, month)
    late = books.days(late_use(charges.services, len(charges.use)), month)
    missing = float(late.sum())
    use = charges.known(month, next_month(month)) - _lines_known(books, month)
    arrived = frozenset(name for name in charges.lines if passed and _so_far(books, name, month))
    expected = _expected(books, month, float(use) + missing + ahead.amount, books.closed, passed, arrived, level)
    lines = [_line(name, _so_far(books, name, month), said) for name, said in expected.items()]
    if missing:
        said = Expectation(missing, 0.0, 2 * missing, f"{int((late > 0).sum())} days of services that report late")
        lines.append(_line(LineName(Kind.LATE), Decimal(0), said))
    shown = [one for one in lines if one.so_far or one.expected or one.upper or one.lower]
    whole = use + money(ahead.amount) + sum((one.expected for one in lines), Decimal(0))
    errors = _replays(books, ahead, passed, arrived, level)
    wide = _width(whole, lines, ahead, errors, level)
    known = charges.known(month, next_month(month))
    sure = known if all(one.lower >= one.so_far for one in lines) else None
    lower = whole - wide if sure is None else max(whole - wide, sure)
    count = len(errors)
    return Closing(
        start_ms=month,
        end_ms=next_month(month),
        known=known,
        use=use,
        ahead=money(ahead.amount),
        lines=tuple(sorted(shown, key=lambda one: (-abs(one.expected), one.name))),
        expected=whole,
        lower=min(lower, whole),
        upper=whole + wide,
        closed=len(books.closed),
        replayed=count,
        error=float(np.median(np.abs(errors))) if count else None,
        held=_held(errors, level) if count > 1 else None,
        note=_note(len(books.closed), count),
    )


def later_lines(books: Books, month: int, use: float, level: float) -> list[ExpectedLine]:
    """The lines of a month that has not begun, with so much use."""
    expected = _expected(books, month, use, books.closed, 0, frozenset(), level)
    return [_line(name, Decimal(0), said) for name, said in expected.items() if said.amount or said.upper]


def falls_on(books: Books, name: LineName, month: int) -> int:
    """The day of a month, as ms, on which what is expected of a line is put: its usual one if that is still to come,
    else the last.
    """
    last = next_month(month) - DAY_MS
    days = [np.flatnonzero(books.days(books.charges.lines[name], one)) for one in books.closed[-_FEW:]]
    some = [int(one[0]) for one in days if len(one)]
    usual = month + (int(np.median(some)) if some else 0) * DAY_MS
    return usual if books.charges.known_until_ms <= usual <= last else last


def money(amount: float) -> Decimal:
    """An estimate, to the cent: more digits would say more than is known."""
    return Decimal(str(amount)).quantize(_CENT)


def _passed(books: Books, month: int) -> int:
    """How many days of a month the bill has."""
    return max(0, (min(next_month(month), books.charges.known_until_ms) - month) // DAY_MS)


def _lines_known(books: Books, month: int) -> Decimal:
    return sum((_so_far(books, name, month) for name in books.charges.lines), Decimal(0))


def _so_far(books: Books, name: LineName, month: int) -> Decimal:
    """What the bill has of a line of a month, exactly."""
    start = books.charges.start_ms
    first, last = max(0, (month - start) // DAY_MS), (next_month(month) - start) // DAY_MS
    return sum(books.charges.lines[name][first:last], Decimal(0))


def _expected(
    books: Books,
    month: int,
    use: float,
    closed: Sequence[int],
    passed: int,
    arrived: Set[LineName],
    level: float,
) -> dict[LineName, Expectation]:
    """Each line of a month with so much use, learnt from `closed` months. A month that is over is asked about as after
    `passed` days: what it had by then of the lines that have `arrived`, and nothing of the others.
    """
    found: dict[LineName, Expectation] = {}
    amounts: dict[LineName, float] = {}
    for name in sorted(books.charges.lines, key=lambda one: (_ORDER.index(one.kind), one.service)):
        daily = comes_daily([int(np.count_nonzero(books.days(books.charges.lines[name], one))) for one in closed])
        here = name in arrived
        past = [_line_month(books, name, one, passed, bases_of(books.use(one), books.amounts(one)),
                            arrived=here, daily=daily) for one in closed]  # fmt: skip
        now = _line_month(books, name, month, passed, bases_of(use, amounts), arrived=here, daily=daily)
        found[name] = expect(name.kind, past, now, level, dollars=books.currency == _DOLLARS)
        amounts[name] = found[name].amount
    return found


def _line_month(
    books: Books, name: LineName, month: int, passed: int, bases: Mapping[str, float], *, arrived: bool, daily: bool
) -> LineMonth:
    days = books.charges.lines[name]
    own = books.days(days, month)
    length = (next_month(month) - month) // DAY_MS
    begun = min(passed, length)
    known = own if month in books.open else own[:begun]  # what is dated on days to come is on an open bill too
    so_far = float(known.sum()) if arrived else 0.0
    cut = (month - books.charges.start_ms) // DAY_MS + begun
    week = np.array([float(one) for one in days[max(0, cut - _WEEK) : cut]])
    return LineMonth(
        bases=bases,
        days=length,
        left=length - begun,
        so_far=so_far,
        amount=float(own.sum()),
        rate=float(week.mean()) if len(week) and (arrived or not passed) else 0.0,
        daily=daily and (arrived or not passed),
    )


def _replays(books: Books, ahead: Ahead, passed: int, arrived: Set[LineName], level: float) -> Floats:
    """What each closed month came to ÷ what was said of it on the same day, less 1."""
    found = []
    first = _FEW if len(books.closed) >= 2 * _FEW else 1
    for at, month in enumerate(books.closed):
        pair = (0.0, 0.0) if ahead.replayed is None else ahead.replayed.get(month + passed * DAY_MS)
        if at < first or pair is None:
            continue
        use = books.use(month)
        begun = float(books.days(books.charges.use, month)[:passed].sum())
        said, came = begun + pair[0], begun + pair[1]
        guess = use * said / came if came > 0 else use
        lines = _expected(books, month, guess, books.closed[:at], passed, arrived, level)
        whole = guess + sum(one.amount for one in lines.values())
        actual = use + sum(books.amounts(month).values())
        if whole > 0:
            found.append(actual / whole - 1)
    return np.array(found)


def _width(whole: Decimal, lines: Sequence[ExpectedLine], ahead: Ahead, errors: Floats, level: float) -> Decimal:
    """Half the width of the whole; without a closed month to judge by, that of the use and half of what is to come."""
    if len(errors):
        return money(abs(float(whole)) * replayed_width(errors, level))
    unsure = sum((abs(one.expected - one.so_far) for one in lines), Decimal(0))
    return money(ahead.wide + _UNSURE * float(unsure))


def _held(errors: Floats, level: float) -> float:
    inside = [abs(one) <= replayed_width(np.delete(errors, at), level) for at, one in enumerate(errors)]
    return float(np.mean(inside))


def _line(name: LineName, so_far: Decimal, said: Expectation) -> ExpectedLine:
    expected = so_far + money(said.amount - float(so_far))
    return ExpectedLine(
        name, so_far, expected, min(money(said.lower), expected), max(money(said.upper), expected), said.why
    )


def _note(closed: int, replayed: int) -> str:
    if not closed:
        return "no month of this bill is closed: what comes at the close is not known"
    if replayed < _FEW:
        return f"{closed} closed months are few: bounds are wide until there are more"
    return ""
