"""What a set of actions is worth: the invoice replayed hour by hour without it, less the invoice with it.

Commitments are applied again in the provider's order to the use that is left (`purchases/apply.py`): what a stopped
machine leaves of them covers other use, or nothing. What moves to spot leaves the use that commitments can cover and
costs what spot cost in each hour. Nothing is added up that was not replayed together.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.plan.books import WEEK, Books, Part
from trimtab.advice.plan.flats import Flats
from trimtab.advice.plan.model import ZERO, Action, Target
from trimtab.advice.purchases.apply import apply, committed_of, in_force
from trimtab.advice.purchases.lines import family_of, units_of
from trimtab.advice.purchases.model import NANO, Floats, Holdings, Ints, Use, UseLine
from trimtab.advice.purchases.rates import Rates
from trimtab.base.records import replace

_CENT = Decimal("0.01")
_REMEMBERED = 5000
"""Sets whose hours are remembered at most."""
_SPOT = "Spot"
"""The service of lines of spot: no commitment knows it."""
_SHARE = np.dtype([("action", np.int64), ("way", np.int64), ("share", np.float64)])


class Worth(Struct, frozen=True):
    """What a set saves a month: expected, and as in the least and the most favourable week of the replay."""

    expected: Decimal
    low: Decimal
    high: Decimal

    def less(self, other: "Worth") -> "Worth":
        """This without the other, each outcome by itself."""
        return Worth(self.expected - other.expected, self.low - other.low, self.high - other.high)


NOTHING = Worth(ZERO, ZERO, ZERO)


class Beside(Struct, frozen=True):
    """What is done beside actions: commitments that are `bought`, and others in whose place they stand.

    `gone` are ids of reservations that are given for some of `bought`; what those cost an hour is then no cost more.
    """

    bought: Holdings = field(default_factory=Holdings)
    gone: frozenset[str] = frozenset()


class Evaluation:
    """The replay of one bill under any set of `actions`, which are named by their places."""

    def __init__(self, books: Books, actions: Sequence[Action], rates: Rates) -> None:
        self.books, self.actions = books, actions
        self.lines, self._places = _lines(books, actions)
        self.held = rates.rated(books.held, self.lines)
        self._rates = rates
        self.net = np.concatenate([books.net, np.array([self._net(key) for key in self._places])])
        self._means = books.use.quantity.mean(axis=1)
        self._flats = Flats(books, actions)
        self._by_hour = frozenset(
            at for at, one in enumerate(actions) if not _is_shared(books.parts.get(one.machine, ()))
        )
        self._ways: list[_Way] = []
        self._shares = self._shared()
        self._listed = [self._at_list(at) for at in range(len(actions))]
        self._known: dict[frozenset[int], Floats] = {}

    @property
    def moved(self) -> list[tuple[int, int]]:
        """The lines of targets that commitments can cover: the place of each, and of the line that it comes from."""
        return [(place, source) for place, source in self._places.values() if not is_spot(self.lines[place])]

    def use(self, chosen: Collection[int]) -> Use:
        """The use that is left when actions are taken."""
        base = self.books.use.quantity
        quantity = np.zeros((len(self.lines), self.books.use.hours))
        quantity[: len(base)] = base
        for number in sorted(self._by_hour.intersection(chosen)):
            one = self.actions[number]
            for at, mine in self.books.parts.get(one.machine, ()):
                way = self._way(one, at)
                _take(quantity, way, np.asarray(mine) * one.takes)
        taken = np.zeros(len(self.actions), dtype=np.bool_)
        taken[np.fromiter(chosen, dtype=np.int64, count=len(chosen))] = True
        mine = self._shares[taken[self._shares["action"]]]
        sums = np.bincount(mine["way"], mine["share"], minlength=len(self._ways))
        for way, share in zip(self._ways, sums.tolist(), strict=True):
            if share:
                _take(quantity, way, base[way.line] * share)
        return replace(self.books.use, lines=self.lines, quantity=quantity)

    def change(self, at: int) -> list[tuple[int, Floats]]:
        """By line the quantity that an action alone changes, hour by hour."""
        one, found = self.actions[at], list[tuple[int, Floats]]()
        for line, mine in self.books.parts.get(one.machine, ()):
            way = self._way(one, line)
            goes = self.books.use.quantity[line] * mine if isinstance(mine, float) else np.asarray(mine)
            goes = goes * one.takes * way.mask
            found.append((line, -goes))
            if way.to >= 0:
                found.append((way.to, goes * way.factor))
        return found

    def listed(self, at: int) -> float:
        """Dollars a month that an action takes away at on-demand rates, whatever commitments do."""
        return self._listed[at]

    def hours(self, chosen: Collection[int], beside: Beside | None = None, shift_ms: int = 0) -> Floats:
        """Dollars of each hour that is paid on demand or for what is bought; what is held is paid in any case.

        `shift_ms` moves the hours on: commitments that end by then do not count any more.
        """
        key = frozenset(chosen)
        known = beside is None and not shift_ms
        if known and key in self._known:
            return self._known[key]
        use = self.use(key)
        if shift_ms:
            use = replace(use, at_ms=use.at_ms + shift_ms)
        held = self.held if beside is None else self._with(beside)
        applied = apply(use, held)
        found = (applied.on_demand * self.net[:, None]).sum(axis=0) / NANO
        if beside is not None:
            found = found + (_committed(held, use.at_ms) - _committed(self.held, use.at_ms)) / NANO
        if known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = found
        return np.asarray(found)

    def saved(self, chosen: Collection[int], beside: Beside | None = None, shift_ms: int = 0) -> Floats:
        """Dollars an hour that a set saves, what is bought beside it included, in each hour of the replay."""
        return self.hours((), None, shift_ms) - self.hours(chosen, beside, shift_ms)

    def worth(self, chosen: Collection[int], beside: Beside | None = None, shift_ms: int = 0) -> Worth:
        """What a set saves a month, with what is done beside it."""
        saved, flat = self.saved(chosen, beside, shift_ms), self.flat(chosen)
        weeks = week_means(saved)
        return Worth(*(month_of(one) + flat for one in (float(saved.mean()), min(weeks), max(weeks))))

    def flat(self, chosen: Collection[int]) -> Decimal:
        """What goes of costs that no commitment covers, a month; of one machine never more than it costs."""
        return self._flats.of(chosen)

    def _with(self, beside: Beside) -> Holdings:
        """What is held when that is done, with the rates of every line."""
        kept = tuple(one for one in self.held.reservations if one.id not in beside.gone)
        return Holdings(self.held.plans, kept).plus(self._rates.rated(beside.bought, self.lines))

    def _net(self, key: "tuple[int, Target]") -> float:
        """What an hour of a target really costs of its price: spot is paid as it is."""
        line, target = key
        return 1.0 if target.spot else float(self.books.net[line])

    def _way(self, one: Action, line: int) -> "_Way":
        """What an action does with what its machine has of a line."""
        mask = self.books.in_week(one.hours)
        if one.target is None:
            return _Way(line, -1, mask, np.ones(1))
        factor = np.ones(1)
        if one.target.spot:
            factor = (1 + one.lost) * self.books.spot[one.target.type, self.books.use.lines[line].region]
        return _Way(line, self._places[line, one.target][0], mask, factor)

    def _at_list(self, at: int) -> float:
        one, use = self.actions[at], self.books.use
        found = float(self.flat((at,)))
        mask = self.books.in_week(one.hours) if one.hours else None
        for line, mine in self.books.parts.get(one.machine, ()):
            if mask is not None:
                goes = use.quantity[line] * mine if isinstance(mine, float) else np.asarray(mine)
                hourly = float((goes * mask).mean())
            else:
                hourly = self._means[line] * mine if isinstance(mine, float) else float(np.asarray(mine).mean())
            paid = float(use.lines[line].on_demand) * float(self.net[line])
            if one.target is not None:
                paid -= float(one.target.rate) * (1 + one.lost) * self._net((line, one.target))
            found += hourly * one.takes * paid * HOURS_A_MONTH
        return found

    def _shared(self) -> npt.NDArray[np.void]:
        """What actions on machines whose hours are not read take, and in which way; sets the ways."""
        known: dict[tuple[int, Target | None, tuple[int, ...], float], int] = {}
        rows = []
        for number, one in enumerate(self.actions):
            if number in self._by_hour:
                continue
            for line, mine in self.books.parts.get(one.machine, ()):
                key = line, one.target, one.hours, one.lost
                if key not in known:
                    known[key] = len(self._ways)
                    self._ways.append(self._way(one, line))
                rows.append((number, known[key], one.takes * float(mine)))
        return np.array(rows, dtype=_SHARE)


class _Way(Struct, frozen=True):
    """From which line use goes, to which (-1: to none), in which hours, and how much more of it there is then."""

    line: int
    to: int
    mask: Floats
    factor: Floats


def _take(quantity: Floats, way: _Way, mine: Floats) -> None:
    goes = np.minimum(mine * way.mask, quantity[way.line])
    quantity[way.line] -= goes
    if way.to >= 0:
        quantity[way.to] += goes * way.factor


def _committed(held: Holdings, at_ms: Ints) -> Ints:
    """Nano-dollars that all of it costs in each hour, used or not."""
    found = committed_of(at_ms, held.plans).sum(axis=0)
    for one in held.reservations:
        found = found + in_force(at_ms, one) * round(one.hourly * one.count * NANO)
    return np.asarray(found)


def is_spot(line: UseLine) -> bool:
    """Whether a line is of spot: its quantity is what it costs, and no commitment covers it."""
    return line.service == _SPOT


def week_means(hours: Floats) -> list[float]:
    """The mean of each whole week at the end; of less that of all there is."""
    many = len(hours) // WEEK
    parts = hours[-many * WEEK :].reshape(many, WEEK) if many else hours[None, :]
    return [float(one) for one in parts.mean(axis=1)]


def month_of(hourly: float) -> Decimal:
    """A mean amount an hour as one of a month, in cents."""
    return Decimal(str(hourly * HOURS_A_MONTH)).quantize(_CENT)


def _is_shared(parts: Sequence[Part]) -> bool:
    return any(isinstance(mine, float) for _, mine in parts)


def _lines(
    books: Books, actions: Sequence[Action]
) -> tuple[tuple[UseLine, ...], dict[tuple[int, Target], tuple[int, int]]]:
    """The lines with those of targets behind them, and by line and target (its place, the line it comes from)."""
    lines, places = list(books.use.lines), dict[tuple[int, Target], tuple[int, int]]()
    for one in actions:
        for at, _ in books.parts.get(one.machine, ()) if one.target else ():
            key = at, one.target
            if one.target is not None and key not in places:
                places[at, one.target] = len(lines), at
                lines.append(_moved(books.use.lines[at], one.target))
    return tuple(lines), places


def _moved(line: UseLine, target: Target) -> UseLine:
    """The line of a target; one of spot is counted in money, since its price is another every hour."""
    return replace(
        line,
        service=_SPOT if target.spot else line.service,
        type=target.type,
        on_demand=Decimal(1) if target.spot else target.rate,
        family=family_of(target.type),
        units=units_of(target.type),
        usage_type="",
    )
