"""Calls of models in a population, by model and version: how many, tokens, time to first token, phases. Pure."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.model_calls import ModelCall, model_call
from trimtab.bottlenecks.spans import Spans

_MS = 1e-6


class ModelTraffic(Struct, frozen=True):
    """A model in a version: calls, the share that failed, and medians and p99s of what its spans tell (None: nothing).

    `phases` are (name, mean ms of the calls that tell any).
    """

    model: str
    version: str
    service: str
    calls: int
    failed: float
    p50_ms: float
    p99_ms: float
    first_token_p50_ms: float | None
    first_token_p99_ms: float | None
    input_tokens: float | None
    output_tokens: float | None
    tokens_per_s: float | None
    batch: float | None
    phases: tuple[tuple[str, float], ...]
    gpus: tuple[str, ...]


def models(spans: Spans) -> list[ModelTraffic]:
    """The models that servers' spans tell of, those with the most calls first.

    Of a client's span and the server's that it called, both of one model, the server's counts.
    """
    found: dict[tuple[str, str, str], list[tuple[int, ModelCall]]] = defaultdict(list)
    for row, attributes in enumerate(spans.attributes):
        call = model_call(attributes)
        if call is not None and (call.model or call.phases):
            found[(call.model, call.version, spans.services[spans.service[row]])].append((row, call))
    servers = {model for (model, _, _), calls in found.items() if any(call.phases for _, call in calls)}
    rows = [
        _traffic(key, calls, spans)
        for key, calls in found.items()
        if key[0] not in servers or any(call.phases for _, call in calls)
    ]
    return sorted(rows, key=lambda one: (-one.calls, one.model, one.version, one.service))


def _traffic(key: tuple[str, str, str], calls: Sequence[tuple[int, ModelCall]], spans: Spans) -> ModelTraffic:
    rows = np.array([row for row, _ in calls], np.int64)
    ms = spans.duration_ns[rows] * _MS
    first = [call.first_token_ns * _MS for _, call in calls if call.first_token_ns is not None]
    speed = [call.tokens_per_s(float(spans.duration_ns[row])) for row, call in calls]
    phases: dict[str, list[float]] = defaultdict(list)
    for _, call in calls:
        for name, time in call.phases:
            phases[name].append(time * _MS)
    return ModelTraffic(
        key[0],
        key[1],
        key[2],
        len(calls),
        float(spans.failed[rows].mean()),
        float(np.quantile(ms, 0.5)),
        float(np.quantile(ms, 0.99)),
        _quantile(first, 0.5),
        _quantile(first, 0.99),
        _quantile([call.input_tokens for _, call in calls], 0.5),
        _quantile([call.output_tokens for _, call in calls], 0.5),
        _quantile(speed, 0.5),
        _quantile([call.batch for _, call in calls], 0.5),
        tuple((name, float(np.mean(times))) for name, times in phases.items()),
        tuple(sorted({call.gpu for _, call in calls if call.gpu}))[:8],
    )


def _quantile(values: Sequence[float | None], share: float) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.quantile(known, share)) if known else None
