"""How predictions came out: realised ÷ predicted of a check, of a verb of the plan, and of what a month took. Pure.

A ratio is of sums, never a mean of ratios. It counts cases: of a machine whose eight GPUs were idle there is one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt

from msgspec import Struct

from trimtab.advice.ledger.model import Entry, EntryState
from trimtab.base.clock import to_datetime

_CENT = Decimal("0.01")
WEAK = 0.7
"""Realised ÷ predicted under which a check says so beside what it finds."""
LEAST_CASES = 5
"""Cases from which a ratio says something of a check: of fewer one mishap decides."""
_LEAST_SPREAD = 3
"""Cases from which an interval is told: two say nothing of how they spread."""
_SHARE = 0.8
"""The share of such ratios that lie in the interval, as of every forecast here."""
Pair = tuple[Decimal, Decimal]
"""Predicted and realised."""


class Record(Struct, frozen=True):
    """How the advice of a check, a verb or a month came out, a month and in one currency.

    `taken` is the prediction of every line, accepted ones too; `predicted` and `realised` are of what was measured.
    `ratio` is realised ÷ predicted over `cases`, with the interval `low` to `high`; None where too few say it.
    `mean_error` is the mean of |realised − predicted| ÷ predicted.
    """

    name: str
    currency: str
    lines: int
    applied: int
    measured: int
    taken: Decimal
    predicted: Decimal
    realised: Decimal
    cases: int
    ratio: float | None
    low: float | None
    high: float | None
    mean_error: float | None

    @property
    def words(self) -> str:
        """What is said beside new findings of a check; "" where its predictions held, or too few say otherwise."""
        if self.ratio is None or self.ratio >= WEAK or self.cases < LEAST_CASES:
            return ""
        return f"realised {self.ratio:.2f} of what was predicted in {self.cases} cases"


def by_check(entries: Sequence[Entry]) -> list[Record]:
    """By check and currency what was applied; the most saved first."""
    applied = [one for one in entries if one.state is not EntryState.ACCEPTED]
    return sorted(_records(applied, lambda one: one.check), key=lambda one: (-one.realised, one.name))


def by_verb(entries: Sequence[Entry]) -> list[Record]:
    """By verb of the plan and currency."""
    return _records(entries, lambda one: one.verb)


def by_month(entries: Sequence[Entry]) -> list[Record]:
    """What was taken in a month (`2026-11`), the newest first: the set that was chosen of the plan then."""
    found = _records(entries, lambda one: f"{to_datetime(one.taken_ms):%Y-%m}")
    return sorted(found, key=lambda one: (one.name, one.currency), reverse=True)


def warnings(entries: Sequence[Entry]) -> Mapping[str, str]:
    """By check what is said beside its findings; checks whose predictions held are not in it."""
    found: dict[str, str] = {}
    for one in by_check(entries):
        if one.words:
            found[one.name] = f"{found[one.name]}; {one.words}" if one.name in found else one.words
    return found


def _records(entries: Iterable[Entry], name_of: Callable[[Entry], str]) -> list[Record]:
    groups: dict[tuple[str, str], list[Entry]] = {}
    for one in entries:
        groups.setdefault((name_of(one), one.currency), []).append(one)
    return [_record(*key, mine) for key, mine in sorted(groups.items())]


def _record(name: str, currency: str, mine: Sequence[Entry]) -> Record:
    measured = [one for one in mine if one.realised is not None]
    pairs = [pair for pair in _cases(measured) if pair[0] > 0]
    ratio = _ratio(pairs)
    low, high = _interval(pairs, ratio) if ratio is not None else (None, None)
    errors = [float(abs(realised - predicted) / predicted) for predicted, realised in pairs]
    return Record(
        name=name,
        currency=currency,
        lines=len(mine),
        applied=sum(one.state is not EntryState.ACCEPTED for one in mine),
        measured=len(measured),
        taken=_sum(one.predicted for one in mine),
        predicted=_sum(one.predicted for one in measured),
        realised=_sum(one.realised for one in measured),
        cases=len(pairs),
        ratio=ratio,
        low=low,
        high=high,
        mean_error=sum(errors) / len(errors) if errors else None,
    )


def _cases(measured: Sequence[Entry]) -> list[Pair]:
    found: dict[str, Pair] = {}
    for one in measured:
        predicted, realised = found.get(one.case, (Decimal(0), Decimal(0)))
        found[one.case] = predicted + (one.predicted or Decimal(0)), realised + (one.realised or Decimal(0))
    return list(found.values())


def _ratio(pairs: Sequence[Pair]) -> float | None:
    predicted = sum((one for one, _ in pairs), Decimal(0))
    return float(sum((one for _, one in pairs), Decimal(0)) / predicted) if predicted > 0 else None


def _interval(pairs: Sequence[Pair], ratio: float) -> tuple[float | None, float | None]:
    """The ratio ± Student's t times its standard error, where a few large cases make most of the sum.

    Errors are those of each case against the ratio without it (HC3: MacKinnon and White 1985); freedom is counted in
    cases of one size that would weigh the same.
    """
    if len(pairs) < _LEAST_SPREAD:
        return None, None
    from scipy.special import stdtrit  # takes half a second to load

    predicted = [float(one) for one, _ in pairs]
    whole = sum(predicted)
    off = [(float(came) - ratio * said) / (1 - said / whole) for said, (_, came) in zip(predicted, pairs, strict=True)]
    error = sqrt(sum(one**2 for one in off)) / whole
    freedom = max(whole**2 / sum(one**2 for one in predicted) - 1, 1.0)
    wide = float(stdtrit(freedom, (1 + _SHARE) / 2)) * error
    return ratio - wide, ratio + wide


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((one or Decimal(0) for one in amounts), Decimal(0)).quantize(_CENT, ROUND_HALF_UP)
