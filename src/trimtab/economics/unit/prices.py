"""What a model's answers cost: the cost of its replicas over what they served, in steps of time. Pure.

    $/1k requests    cost ÷ requests × 1,000
    $/1M tokens      cost ÷ (input + output tokens) × 1,000,000
    $/1M input, output and cached tokens: the cost is divided by the time that each kind takes

The time that input and output take is what traced calls say of prefill and decode; where none do, an output token is
taken to take `OUTPUT_WEIGHT` times an input token, and it is marked. A cached token takes no prefill but its place in
memory: `CACHED_WEIGHT` of an input token.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.unit.model import ZERO, Calls, Deploy, Floats, Ledger, Served, Slice, Traffic

OUTPUT_WEIGHT = 4.0
"""Public price lists of LLM APIs of 2026 charge 3 to 5 times as much for an output token as for one of input."""
CACHED_WEIGHT = 0.1
"""And a tenth for an input token that was cached."""
_LEAST_CALLS = 20
"""Traced calls from which a split of time is told."""
_MONEY = Decimal("0.000001")


class Prices(Struct, frozen=True):
    """Prices of a cost: None where nothing was served. `assumed`: the split between kinds of tokens is a weight."""

    cost: Decimal
    requests: float
    input_tokens: float
    output_tokens: float
    cached_tokens: float
    per_1k_requests: Decimal | None
    per_1m_tokens: Decimal | None
    per_1m_input: Decimal | None
    per_1m_output: Decimal | None
    per_1m_cached: Decimal | None
    assumed: bool


class Part(Struct, frozen=True):
    """A version or a tenant of a model: its share of the traced work (0 to 1) and what that comes to."""

    name: str
    share: float
    calls: int
    prices: Prices
    example: str


class ModelCost(Struct, frozen=True):
    """A model in a range. `cost`s are by step; `estimated_from_ms` is where the bill ends. `slope` is the cost of
    latency (see `latency.py`); None with a reason where it cannot be told.
    """

    model: str
    currency: str
    teams: tuple[str, ...]
    services: tuple[str, ...]
    holders: tuple[str, ...]
    gpus: float
    gpu_hours: float
    active_hours: float
    idle_cost: Decimal
    prices: Prices
    estimated: Decimal
    start_ms: int
    step_ms: int
    costs: Floats
    traffic: Traffic
    versions: tuple[Part, ...]
    tenants: tuple[Part, ...]
    deploys: tuple[Deploy, ...]

    @property
    def per_1m_tokens(self) -> Floats:
        """$/1M tokens by step; NaN where nothing was served."""
        return _ratio(self.costs, self.traffic.input_tokens + self.traffic.output_tokens, 1e6)

    @property
    def per_1k_requests(self) -> Floats:
        """$/1k requests by step; NaN where nothing was served."""
        return _ratio(self.costs, self.traffic.requests, 1e3)


def models_of(
    ledger: Ledger,
    served: Mapping[str, Served],
    traffic: Mapping[str, Traffic],
    calls: Sequence[Calls],
    deploys: Sequence[Deploy],
    grid: tuple[int, int, int],
    now_ms: int,
) -> list[ModelCost]:
    """The models that pods of the ledger serve, the most expensive first. `grid`: start, end and step in ms."""
    mine: dict[tuple[str, str], list[Slice]] = defaultdict(list)
    pods = {name: served.get(_pod(name, run.held)) for name, run in ledger.holders.items()}
    serves = {name: known for name, known in pods.items() if known}
    for one in ledger.slices:
        if (known := serves.get(one.holder)) is not None and grid[0] <= one.day_ms < grid[1]:
            mine[known.model, one.currency].append(one)
    found: list[ModelCost] = []
    for (model, currency), slices in mine.items():
        holders = sorted({one.holder for one in slices})
        services = tuple(sorted({serves[name].service for name in holders}))
        costs = spread(ledger, slices, grid, now_ms)
        did = traffic.get(model) or _nothing(grid)
        own = [one for one in calls if one.model == model or (one.service in services and one.model == "")]
        found.append(_model(ledger, model, currency, slices, services, costs, did, own, deploys, grid))
    return sorted(found, key=lambda one: (-one.prices.cost, one.model))


def spread(ledger: Ledger, slices: Iterable[Slice], grid: tuple[int, int, int], now_ms: int) -> Floats:
    """The cost of slices by step: each evenly over the time of its day in which its holder held it."""
    start, end, step = grid
    costs = np.zeros(max(1, -(-(end - start) // step)))
    for one in slices:
        run = ledger.holders.get(one.holder)
        begin, until = one.day_ms, min(one.day_ms + DAY_MS, now_ms)
        if run is not None:
            begin = max(begin, run.start_ms or begin)
            until = min(until, run.end_ms or until)
        length = max(until - begin, 1)
        for at in range(max(begin - start, 0) // step, min(-(-(until - start) // step), len(costs))):
            inside = min(until, start + (at + 1) * step) - max(begin, start + at * step)
            costs[at] += float(one.cost) * max(inside, 0) / length
    return costs


def prices_of(cost: Decimal, traffic: tuple[float, float, float, float], prefill: float, decode: float) -> Prices:
    """The prices of a cost for (requests, input, output, cached), with seconds of prefill and decode, 0 if unknown."""
    requests, input_, output, cached = traffic
    fresh = max(input_ - cached, 0.0)
    assumed = prefill <= 0 or decode <= 0
    work = (fresh, output * OUTPUT_WEIGHT) if assumed else (prefill, decode)
    kept = cached * CACHED_WEIGHT * (work[0] / fresh if fresh else 1.0)
    whole = work[0] + work[1] + kept
    shares = [one / whole if whole else 0.0 for one in (work[0], work[1], kept)]
    return Prices(
        cost,
        requests,
        input_,
        output,
        cached,
        _price(cost, requests, 1000),
        _price(cost, input_ + output, 1_000_000),
        _price(cost * Decimal(f"{shares[0]:.9f}"), fresh, 1_000_000),
        _price(cost * Decimal(f"{shares[1]:.9f}"), output, 1_000_000),
        _price(cost * Decimal(f"{shares[2]:.9f}"), cached, 1_000_000),
        assumed and bool(input_ and output),
    )


def _model(
    ledger: Ledger, model: str, currency: str, slices: Sequence[Slice], services: tuple[str, ...], costs: Floats,
    did: Traffic, calls: Sequence[Calls], deploys: Sequence[Deploy], grid: tuple[int, int, int],
) -> ModelCost:  # fmt: skip
    cost = sum((one.cost for one in slices), ZERO)
    sums = _counted(did, np.ones(len(costs)))
    told = sum(one.calls for one in calls) >= _LEAST_CALLS
    times = (sum(one.prefill_s for one in calls), sum(one.decode_s for one in calls)) if told else (0.0, 0.0)
    prices = prices_of(cost, sums, *times)
    holders = sorted({one.holder for one in slices})
    idle = sum((one.cost for one in slices if one.use.value == "idle"), ZERO)
    return ModelCost(
        model=model,
        currency=currency,
        teams=tuple(sorted({ledger.holders[name].team for name in holders} - {""})),
        services=services,
        holders=tuple(holders),
        gpus=sum(ledger.holders[name].gpus for name in holders),
        gpu_hours=sum(one.gpu_hours for one in slices),
        active_hours=sum(one.gpu_hours for one in slices if one.use.value == "active"),
        idle_cost=idle,
        prices=prices,
        estimated=sum((one.cost for one in slices if one.estimated), ZERO),
        start_ms=grid[0],
        step_ms=grid[2],
        costs=costs,
        traffic=did,
        versions=parts_of(calls, "version", costs, did, grid, prices),
        tenants=parts_of(calls, "tenant", costs, did, grid, prices),
        deploys=tuple(one for one in deploys if one.service in services),
    )


def parts_of(
    calls: Sequence[Calls], by: str, costs: Floats, did: Traffic, grid: tuple[int, int, int], whole: Prices
) -> tuple[Part, ...]:
    """A model's cost by version or tenant: that of each step by their shares of the time of traced calls in it.

    Steps without a traced call belong to nobody; the row named "" has what is left, so that all add up.
    """
    names = sorted({getattr(one, by) for one in calls})
    if not names or names == [""]:
        return ()
    work = np.zeros((len(names), len(costs)))
    for one in calls:
        at = (one.hour_ms - grid[0]) // grid[2]
        if 0 <= at < len(costs):
            spent = one.prefill_s + one.decode_s or one.input_tokens + OUTPUT_WEIGHT * one.output_tokens or one.calls
            work[names.index(getattr(one, by)), at] += spent
    told = work.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(told > 0, work / told, 0.0)
    found, left = [], whole.cost
    for row, name in enumerate(names):
        own = [one for one in calls if getattr(one, by) == name]
        cost = Decimal(f"{float(shares[row] @ costs):.6f}")
        left -= cost
        sums = _counted(did, shares[row])
        times = sum(one.prefill_s for one in own), sum(one.decode_s for one in own)
        prices = prices_of(cost, sums, *times)
        longest = max(own, key=lambda one: one.prefill_s + one.decode_s)
        number = sum(one.calls for one in own)
        found.append(Part(name, float(cost / whole.cost) if whole.cost else 0.0, number, prices, longest.example))
    if left > _MONEY * 1000:
        prices = prices_of(left, _counted(did, np.where(told > 0, 0.0, 1.0)), 0.0, 0.0)
        found.append(Part("", float(left / whole.cost) if whole.cost else 0.0, 0, prices, ""))
    return tuple(sorted(found, key=lambda one: (one.name == "", -one.share)))


def _counted(did: Traffic, shares: Floats) -> tuple[float, float, float, float]:
    """Requests, input, output and cached tokens of these shares of steps."""
    rows = (did.requests, did.input_tokens, did.output_tokens, did.cached_tokens)
    requests, input_, output, cached = (float(np.nansum(shares * row)) for row in rows)
    return requests, input_, output, cached


def _pod(holder: str, held: Sequence[object]) -> str:
    pods = [getattr(one, "pod", "") for one in held]
    return next((one for one in pods if one), holder.split("/", 2)[-1])


def _nothing(grid: tuple[int, int, int]) -> Traffic:
    steps = max(1, -(-(grid[1] - grid[0]) // grid[2]))
    zeros = np.zeros(steps)
    return Traffic(grid[0], grid[2], zeros, zeros, zeros, zeros, np.full(steps, np.nan))


def _price(cost: Decimal, number: float, of: int) -> Decimal | None:
    if number <= 0 or cost <= 0:
        return None
    return (cost * of / Decimal(f"{number:.3f}")).quantize(_MONEY)


def _ratio(costs: Floats, number: Floats, of: float) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(number > 0, costs / number * of, np.nan)
