"""Calls of models in spans: whose model, how many tokens, and where the time of the model server went.

Attributes are those of OpenTelemetry's semantic conventions for generative AI, of vLLM's and Triton's tracing, and of
model servers that name phases alike. Where a server says its phases as attributes of one span, `with_phases` makes
spans of them, so that critical path, comparison and waterfall see queue, batch, prefill and decode like any other span.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.bottlenecks.spans import INTERNAL, Spans

_S, _MS = 1e9, 1e6
_MODEL = ("gen_ai.response.model", "gen_ai.request.model", "triton.model_name", "model.name", "model_name")
_VERSION = ("model.version", "gen_ai.model.version", "triton.model_version", "model_version", "service.version")
_PROVIDER = ("gen_ai.provider.name", "gen_ai.system")
_OPERATION = ("gen_ai.operation.name",)
_INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
_BATCH = ("model.batch_size", "batch_size", "gen_ai.request.batch_size", "triton.batch_size")
_GPU = ("gpu.uuid", "hw.id", "gpu.id", "gpu.name", "hw.name")
_FIRST_TOKEN: tuple[tuple[str, float], ...] = (
    ("gen_ai.latency.time_to_first_token", _S),  # vLLM
    ("gen_ai.server.time_to_first_token", _S),
    ("gen_ai.response.time_to_first_chunk", _S),
    ("time_to_first_token_ms", _MS),
)
PHASES: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    ("queue", (("gen_ai.latency.time_in_queue", _S), ("queue_time_ms", _MS), ("model.queue_ms", _MS))),
    ("batch", (("gen_ai.latency.time_in_scheduler", _S), ("batch_wait_ms", _MS), ("model.batch_ms", _MS))),
    ("prefill", (("gen_ai.latency.time_in_model_prefill", _S), ("prefill_time_ms", _MS), ("model.prefill_ms", _MS))),
    ("decode", (("gen_ai.latency.time_in_model_decode", _S), ("decode_time_ms", _MS), ("model.decode_ms", _MS))),
)
"""Phases in their order, each with the attributes that tell it and the nanoseconds of their unit."""
_MARKS = frozenset(name for _, aliases in PHASES for name, _ in aliases)


class ModelCall(Struct, frozen=True):
    """What a span says of a call of a model; "" and None for what it does not. Times in ns."""

    model: str
    version: str = ""
    provider: str = ""
    operation: str = ""
    gpu: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    batch: int | None = None
    first_token_ns: float | None = None
    phases: tuple[tuple[str, float], ...] = ()

    def tokens_per_s(self, duration_ns: float) -> float | None:
        """Output tokens a second after the first token, where both are known."""
        rest = duration_ns - (self.first_token_ns or 0.0)
        return None if not self.output_tokens or rest <= 0 else self.output_tokens / rest * _S


def model_call(attributes: Mapping[str, str], resource: Mapping[str, str] | None = None) -> ModelCall | None:
    """The call that a span's attributes tell of; None where they tell of none."""
    phases = tuple(phases_of(attributes))
    model = _text(attributes, _MODEL)
    if not model and not phases and not any(name.startswith("gen_ai.") for name in attributes):
        return None
    both = {**(resource or {}), **attributes}
    return ModelCall(
        model,
        _text(both, _VERSION),
        _text(attributes, _PROVIDER),
        _text(attributes, _OPERATION),
        _text(both, _GPU),
        _count(attributes, _INPUT),
        _count(attributes, _OUTPUT),
        _count(attributes, _BATCH),
        _time(attributes, _FIRST_TOKEN),
        phases,
    )


def phases_of(attributes: Mapping[str, str]) -> list[tuple[str, float]]:
    """The phases that a span's attributes tell, with their ns, in order."""
    if _MARKS.isdisjoint(attributes):
        return []
    found = [(phase, _time(attributes, aliases)) for phase, aliases in PHASES]
    return [(phase, time) for phase, time in found if time]


def with_phases(spans: Spans) -> Spans:
    """`spans` and a span for each phase that one tells in attributes and has no child for, one after the other.

    Phases that are longer than their span together are made shorter alike. Needs `attributes`.
    """
    rows, names, starts, lengths = _phase_spans(spans)
    if not rows:
        return spans
    operations = (*spans.operations, *(phase for phase, _ in PHASES))
    code = {phase: len(spans.operations) + at for at, (phase, _) in enumerate(PHASES)}
    at = np.array(rows, np.int64)
    count = len(rows)
    free = np.uint64(spans.span.max()) + np.arange(1, count + 1, dtype=np.uint64)
    return replace(
        spans,
        trace=np.concatenate((spans.trace, spans.trace[at])),
        span=np.concatenate((spans.span, free)),
        parent=np.concatenate((spans.parent, spans.span[at])),
        start_ns=np.concatenate((spans.start_ns, np.array(starts, np.int64))),
        duration_ns=np.concatenate((spans.duration_ns, np.array(lengths, np.int64))),
        service=np.concatenate((spans.service, spans.service[at])),
        operation=np.concatenate((spans.operation, np.array([code[name] for name in names], np.int64))),
        place=np.concatenate((spans.place, spans.place[at])),
        kind=np.concatenate((spans.kind, np.full(count, INTERNAL))),
        failed=np.concatenate((spans.failed, np.zeros(count, bool))),
        operations=operations,
        attributes=(*spans.attributes, *({} for _ in rows)),
    )


def _phase_spans(spans: Spans) -> tuple[list[int], list[str], list[int], list[int]]:
    rows: list[int] = []
    names: list[str] = []
    starts: list[int] = []
    lengths: list[int] = []
    has_children = set(zip(spans.trace.tolist(), spans.parent.tolist(), strict=True))
    for row, attributes in enumerate(spans.attributes):
        if _MARKS.isdisjoint(attributes) or (int(spans.trace[row]), int(spans.span[row])) in has_children:
            continue
        phases = phases_of(attributes)
        whole = sum(time for _, time in phases)
        room = int(spans.duration_ns[row])
        scale = min(room / whole, 1.0) if whole else 0.0
        at = int(spans.start_ns[row])
        for phase, time in phases:
            rows.append(row)
            names.append(phase)
            starts.append(at)
            lengths.append(int(time * scale))
            at += int(time * scale)
    return rows, names, starts, lengths


def _text(attributes: Mapping[str, str], names: Sequence[str]) -> str:
    return next((attributes[name] for name in names if attributes.get(name)), "")


def _count(attributes: Mapping[str, str], names: Sequence[str]) -> int | None:
    value = _number(_text(attributes, names))
    return None if value is None else int(value)


def _time(attributes: Mapping[str, str], aliases: Sequence[tuple[str, float]]) -> float | None:
    for name, unit in aliases:
        value = _number(attributes.get(name, ""))
        if value is not None and value >= 0:
            return value * unit
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
