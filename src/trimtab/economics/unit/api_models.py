"""Models of vendors' APIs among the models that cost something: what their calls cost by the book of prices. Pure.

The cost of each kind of token is known, so nothing is divided by weights. All is estimated: the bill says it later.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import numpy as np

from trimtab.economics.unit.model import ZERO, Traffic
from trimtab.economics.unit.prices import ModelCost, Part, Prices
from trimtab.genai.call import Call
from trimtab.genai.prices.price import BOOK, Cost
from trimtab.genai.tokens import total

_MILLION, _THOUSAND = 1_000_000, 1000
_MONEY = Decimal("0.000001")
_INPUT = frozenset(("input", "cache_write", "cache_write_1h", "audio_input", "image_input"))
_OUTPUT = frozenset(("output", "reasoning", "audio_output", "image_output"))
Costed = tuple[Call, Cost]


def api_models(
    calls: Iterable[Call], cost_of: Callable[[Call], Cost], served: frozenset[str], grid: tuple[int, int, int]
) -> list[ModelCost]:
    """The models whose calls the book prices, the dearest first; `served` are own models. `grid`: start, end, step."""
    groups: dict[tuple[str, str], list[Costed]] = defaultdict(list)
    for call in calls:
        if call.model in served or call.asked_model in served or not grid[0] <= call.at_ms < grid[1]:
            continue
        cost = cost_of(call)
        if cost.basis == BOOK:
            groups[call.model, cost.currency].append((call, cost))
    found = [_model(model, currency, group, grid) for (model, currency), group in groups.items()]
    return sorted(found, key=lambda one: (-one.prices.cost, one.model))


def _model(model: str, currency: str, group: Sequence[Costed], grid: tuple[int, int, int]) -> ModelCost:
    start, end, step = grid
    steps = max(1, -(-(end - start) // step))
    costs, requests, input_, output, cached = (np.zeros(steps) for _ in range(5))
    times: list[list[float]] = [[] for _ in range(steps)]
    for call, cost in group:
        at = (call.at_ms - start) // step
        costs[at] += float(cost.amount or 0)
        requests[at] += 1
        input_[at] += call.tokens.input or 0
        output[at] += call.tokens.output or 0
        cached[at] += call.tokens.cache_read or 0
        if call.duration_ms is not None:
            times[at].append(call.duration_ms)
    p95 = np.array([float(np.percentile(one, 95)) if one else np.nan for one in times])
    prices = prices_of(group)
    return ModelCost(
        model=model,
        currency=currency,
        teams=(),
        services=tuple(sorted({call.service for call, _ in group} - {""})),
        holders=(),
        gpus=0,
        gpu_hours=0.0,
        active_hours=0.0,
        idle_cost=ZERO,
        prices=prices,
        estimated=prices.cost,
        start_ms=start,
        step_ms=step,
        costs=costs,
        traffic=Traffic(start, step, requests, input_, output, cached, p95),
        versions=(),
        tenants=_tenants(group, prices.cost),
        deploys=(),
    )


def prices_of(group: Sequence[Costed]) -> Prices:
    """What calls cost, and for each unit."""
    tokens = total(call.tokens for call, _ in group)
    cost = sum((one.amount or ZERO for _, one in group), ZERO)
    by_kind: dict[str, Decimal] = defaultdict(Decimal)
    for _, one in group:
        for kind, _, amount in one.parts:
            by_kind["input" if kind in _INPUT else "output" if kind in _OUTPUT else kind] += amount
    prompt, answer, cached = tokens.input or 0, tokens.output or 0, tokens.cache_read or 0
    return Prices(
        cost=cost,
        requests=len(group),
        input_tokens=prompt,
        output_tokens=answer,
        cached_tokens=cached,
        per_1k_requests=_per(cost, len(group), _THOUSAND),
        per_1m_tokens=_per(cost, prompt + answer, _MILLION),
        per_1m_input=_per(by_kind["input"], prompt - cached, _MILLION),
        per_1m_output=_per(by_kind["output"], answer, _MILLION),
        per_1m_cached=_per(by_kind["cache_read"], cached, _MILLION),
        assumed=False,
    )


def _tenants(group: Sequence[Costed], whole: Decimal) -> tuple[Part, ...]:
    by: dict[str, list[Costed]] = defaultdict(list)
    for one in group:
        by[one[0].tenant].append(one)
    if set(by) == {""}:
        return ()
    parts = []
    for name, own in by.items():
        prices = prices_of(own)
        longest = max(own, key=lambda one: one[0].duration_ms or 0.0)[0]
        share = float(prices.cost / whole) if whole else 0.0
        parts.append(Part(name, share, len(own), prices, longest.trace_id))
    return tuple(sorted(parts, key=lambda one: (one.name == "", -one.share, one.name)))


def _per(cost: Decimal, number: int, of: int) -> Decimal | None:
    return None if number <= 0 or cost <= 0 else (cost * of / number).quantize(_MONEY)
