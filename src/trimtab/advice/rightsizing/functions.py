"""Memory of serverless functions, as Compute Optimizer documents it, with a proof from the invocations. Pure.

A function gets processor time in proportion to its memory, a whole vCPU at 1,769 MB. So less memory makes it slower by
up to the ratio of the two (all of its time is computing) or not at all (all of it is waiting); both bounds are told,
and what is expected lies half-way. Only functions of at most 1,792 MB with 50 invocations in the last 14 days are
judged ("Viewing AWS Lambda function recommendations", Compute Optimizer User Guide).
"""

from decimal import Decimal

from msgspec import Struct

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.rightsizing.model import Advised, Axis, Effort, Finding, Option, Recommendation, Subject, Walked
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.base.records import replace
from trimtab.inventory.catalog.functions import FunctionPrice

MOST_MB, LEAST_INVOCATIONS = 1792, 50
_WHOLE_VCPU_MB = 1769
_SIZES = (128, 160, 192, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1152, 1280, 1408, 1536, 1664, 1792, 2048)
_ROOM = 0.85
"""The share of its memory that the highest use may fill: beyond it one larger payload ends the function."""
_HALF = 0.5
_CENT = Decimal("0.01")


class FunctionFacts(Struct, frozen=True):
    """What the invocations of the lookback say: `used_mb` at most, `duration_ms` on average and at its 95th percentile.

    `used_mb` is None where nobody told. `price` is what a gigabyte-second and a request cost; None where not known.
    """

    invocations: int
    memory_mb: int
    used_mb: float | None
    duration_ms: float
    p95_ms: float
    failed: int
    days: float
    price: FunctionPrice | None


class Projected(Struct, frozen=True):
    """The mean duration (ms) at another memory: between bounds."""

    lower: float
    expected: float
    upper: float


def project(duration_ms: float, from_mb: int, to_mb: int) -> Projected:
    """What a duration becomes; above a whole vCPU more memory makes no single thread faster."""
    ratio = min(from_mb, _WHOLE_VCPU_MB) / min(to_mb, _WHOLE_VCPU_MB)
    bound, same = duration_ms * ratio, duration_ms
    return Projected(min(bound, same), same + _HALF * (bound - same), max(bound, same))


def advise_function(subject: Subject, facts: FunctionFacts, sizing: Sizing) -> Recommendation:
    """What is said of a function."""
    empty = Recommendation(subject, Finding.UNAVAILABLE, ("InsufficientData",), None, {}, days=facts.days)
    if facts.memory_mb > MOST_MB:
        return replace(empty, reasons=("Inconclusive",), reason=f"functions above {MOST_MB} MB are not judged")
    if facts.invocations < LEAST_INVOCATIONS:
        return replace(
            empty, reason=f"{facts.invocations} invocations in {facts.days:.0f} days; {LEAST_INVOCATIONS} are needed"
        )
    if facts.used_mb is None:
        return replace(empty, reasons=("Inconclusive",), reason="how much memory it uses was not logged")
    return _judged(subject, facts, sizing)


def _judged(subject: Subject, facts: FunctionFacts, sizing: Sizing) -> Recommendation:
    used = facts.used_mb or 0.0
    now = _option(facts, facts.memory_mb, facts.duration_ms)
    share = {Axis.MEMORY: used / facts.memory_mb}
    stay = _walked("nothing", facts, facts.memory_mb, facts.duration_ms)
    base = Recommendation(
        subject, Finding.OPTIMIZED, (), now, share, replays=(stay,), pick="highest use of memory", days=facts.days
    )
    if used > facts.memory_mb * _ROOM:
        larger = [size for size in _SIZES if size > facts.memory_mb and used <= size * _ROOM]
        if not larger:
            return replace(base, finding=Finding.UNDER, reasons=("MemoryUnderprovisioned",), reason="no size is larger")
        return _moved(base, facts, larger[:1], Finding.UNDER, "MemoryUnderprovisioned")
    smaller = [size for size in _SIZES if size < facts.memory_mb and used <= size * _ROOM]
    worth = [size for size in smaller if _cheaper(facts, size, sizing)]
    if not worth:
        why = "a smaller size would cost as much: it would run longer" if smaller else ""
        return replace(base, reason=why)
    return _moved(base, facts, sorted(worth, key=lambda size: _cost(facts, size) or Decimal(0))[:1], Finding.OVER,
                  "MemoryOverprovisioned")  # fmt: skip


def _moved(base: Recommendation, facts: FunctionFacts, sizes: list[int], finding: Finding, code: str) -> Recommendation:
    advised, replays = [], list(base.replays)
    for rank, size in enumerate(sizes, 1):
        ahead = project(facts.duration_ms, facts.memory_mb, size)
        option = _option(facts, size, ahead.expected)
        cost, paid = _cost(facts, size), _cost(facts, facts.memory_mb, facts.duration_ms)
        saving = None if cost is None or paid is None else (paid - cost).quantize(_CENT)
        share = float(1 - cost / paid) if cost is not None and paid else None
        filled = (facts.used_mb or 0.0) / size
        advised.append(Advised(option, rank, 1.0, {Axis.MEMORY: filled}, saving, share, 0.0, 1.0 - filled))
        replays.insert(0, _walked("portfolio", facts, size, ahead.expected))
    return replace(base, finding=finding, reasons=(code,), advised=tuple(advised), replays=tuple(replays))


def _option(facts: FunctionFacts, size: int, duration_ms: float) -> Option:
    ahead = project(facts.duration_ms, facts.memory_mb, size)
    told: dict[str, float | None] = {
        "memory_mb": size,
        "lower_ms": ahead.lower,
        "expected_ms": ahead.expected,
        "upper_ms": ahead.upper,
    }
    told |= {"invocations": facts.invocations, "p95_ms": facts.p95_ms, "used_mb": facts.used_mb}
    month = _cost(facts, size, duration_ms)
    hour = None if month is None else month / HOURS_A_MONTH
    note = "list price of Lambda" if facts.price else "no price of Lambda is known here"
    capacity = {Axis.MEMORY: size / 1024.0}
    return Option(f"{size} MB", capacity, hour, "USD", note, Effort.VERY_LOW, order=float(size), facts=told)


def _cost(facts: FunctionFacts, size: int, duration_ms: float | None = None) -> Decimal | None:
    """What the invocations of a month of HOURS_A_MONTH hours would cost at a size."""
    if facts.price is None:
        return None
    each = duration_ms if duration_ms is not None else project(facts.duration_ms, facts.memory_mb, size).expected
    billed = round(each * size * facts.invocations)
    scale = Decimal(HOURS_A_MONTH) / Decimal(str(facts.days * 24.0))
    return facts.price.cost(billed, facts.invocations) * scale


def _cheaper(facts: FunctionFacts, size: int, sizing: Sizing) -> bool:
    """Whether a size costs less by what is worth the change, also where all of the time is computing within reason."""
    paid, cost = _cost(facts, facts.memory_mb, facts.duration_ms), _cost(facts, size)
    if paid is None or cost is None:
        return True
    return cost <= paid * Decimal(str(1.0 - sizing.least_saving))


def _walked(name: str, facts: FunctionFacts, size: int, duration_ms: float) -> Walked:
    month = _cost(facts, size, duration_ms)
    scale = Decimal(str(facts.days * 24.0)) / Decimal(HOURS_A_MONTH)
    over = 1.0 if (facts.used_mb or 0.0) > size else 0.0
    cost = None if month is None else (month * scale).quantize(_CENT)
    return Walked(name, cost, over, 1.0 - (facts.used_mb or 0.0) / size)
