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
from trimtab.genai import attributes as names
from trimtab.genai.attributes import number, text, time_ms
from trimtab.genai.spans import tokens_of_span

_S, _NS_A_MS = 1e9, 1e6
_BATCH = ("model.batch_size", "batch_size", "gen_ai.request.batch_size", "triton.batch_size")
_GPU = ("gpu.uuid", "hw.id", "gpu.id", "gpu.name", "hw.name")
PHASES: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    ("queue", names.QUEUE),
    ("batch", names.SCHEDULER),
    ("prefill", names.PREFILL),
    ("decode", names.DECODE),
)
"""Phases in their order, each with the attributes that tell it and the milliseconds of their unit."""
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
    model = text(attributes, names.MODEL)
    if not model and not phases and not any(name.startswith("gen_ai.") for name in attributes):
        return None
    both = {**(resource or {}), **attributes}
    tokens = tokens_of_span(attributes)
    return ModelCall(
        model,
        text(both, names.VERSION),
        text(attributes, names.VENDOR),
        text(attributes, names.OPERATION),
        text(both, _GPU),
        tokens.input,
        tokens.output,
        number(attributes, _BATCH),
        _time(attributes, names.FIRST_TOKEN),
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
    rows, phase_names, starts, lengths = _phase_spans(spans)
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
        operation=np.concatenate((spans.operation, np.array([code[name] for name in phase_names], np.int64))),
        place=np.concatenate((spans.place, spans.place[at])),
        kind=np.concatenate((spans.kind, np.full(count, INTERNAL))),
        failed=np.concatenate((spans.failed, np.zeros(count, bool))),
        operations=operations,
        attributes=(*spans.attributes, *({} for _ in rows)),
    )


def _phase_spans(spans: Spans) -> tuple[list[int], list[str], list[int], list[int]]:
    rows: list[int] = []
    phase_names: list[str] = []
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
            phase_names.append(phase)
            starts.append(at)
            lengths.append(int(time * scale))
            at += int(time * scale)
    return rows, phase_names, starts, lengths


def _time(attributes: Mapping[str, str], aliases: Sequence[tuple[str, float]]) -> float | None:
    """The first of these times, in ns."""
    found = time_ms(attributes, aliases)
    return None if found is None else found * _NS_A_MS
