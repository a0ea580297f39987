"""MLPerf training logs: `:::MLLOG {json}` lines (MLCommons' logging library), between whatever else was printed.

    :::MLLOG {"time_ms": 17…, "event_type": "INTERVAL_START", "key": "block_start", "value": null, "metadata": {…}}

Start-up is `init_start` to `run_start`, training `block_start` to `block_stop`, evaluation `eval_start` to `eval_stop`.
Rules: https://github.com/mlcommons/training_policies, "Timing rules" and "Logging".
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.progress.model import FULL_TRAINING, Mark, MarkKind, Workload

MARKER = ":::MLLOG"
_KINDS: Mapping[str, MarkKind] = {
    "init_start": MarkKind.START,
    "run_start": MarkKind.PAUSE,
    "block_start": MarkKind.TRAIN,
    "block_stop": MarkKind.PAUSE,
    "eval_start": MarkKind.EVALUATE,
    "eval_stop": MarkKind.PAUSE,
    "eval_accuracy": MarkKind.SCORE,
    "eval_loss": MarkKind.SCORE,
    "run_stop": MarkKind.END,
}
_SEQUENCE = 8192
"""Tokens a sample of llama2_70b_lora and llama31_405b (MLPerf training rules 5.0), where the log does not say."""
BENCHMARKS: Mapping[str, Workload] = {
    "llama31_405b": Workload(parameters=405_853_388_800, sequence=_SEQUENCE, flops_factor=FULL_TRAINING),
    "llama2_70b_lora": Workload(parameters=68_976_648_192, sequence=_SEQUENCE, flops_factor=FULL_TRAINING),
}
"""What benchmarks train, where one token passes one known number of parameters (model cards of Meta's Llama 3.1 405B
and Llama 2 70B). MLPerf's usual MFU of LoRA counts 6 a parameter, although weights are frozen: comparable, and high."""
_LARGEST = float(1 << 53)
"""What is no count and no time of anybody: numbers above are not exact any more."""
_COUNT = re.compile(r"^\s*(\d+)\s*x", re.IGNORECASE)


class Line(Struct, frozen=True):
    """One entry: when (ms), what, and what is beside it."""

    time_ms: int
    key: str
    value: object
    metadata: Mapping[str, object]


class TrainingLog(Struct, frozen=True, kw_only=True):
    """A whole log. `facts` are the values that stand once (submission_org, seed, …); `unreadable` its broken lines, by
    number. Times are None where the log does not tell them.
    """

    benchmark: str
    marks: tuple[Mark, ...]
    workload: Workload
    facts: Mapping[str, object]
    began_ms: int | None
    run_start_ms: int | None
    run_stop_ms: int | None
    status: str
    unreadable: tuple[int, ...]

    @property
    def ended_ms(self) -> int | None:
        """When it was last heard of."""
        return self.run_stop_ms or max((one.at_ms for one in self.marks), default=None)


def read_line(text: str) -> Line | None:
    """The entry of a line; None where it has none. Raises ValueError for one that is broken."""
    at = text.find(MARKER)
    if at < 0:
        return None
    found = _decoded(text[at + len(MARKER) :].strip())
    time_ms, key, metadata = found.get("time_ms"), found.get("key"), found.get("metadata")
    if not isinstance(time_ms, int | float) or not isinstance(key, str) or not 0 <= time_ms < _LARGEST:
        raise ValueError("an entry needs time_ms and key")
    return Line(int(time_ms), key, found.get("value"), metadata if isinstance(metadata, dict) else {})


def _decoded(text: str) -> dict[str, Any]:
    """The object at the head of a text: other ranks print behind it without a line break."""
    for end in (len(text), text.rfind("}}") + 2, text.find("}}") + 2):
        try:
            return typed.decode(text[:end].encode(), type=dict[str, Any])
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeEncodeError):
            continue
    raise ValueError("an entry needs a JSON object")


def mark_of(line: Line) -> Mark | None:
    """What an entry says of progress; None where nothing."""
    if line.key == "tracked_stats":
        return _stats(line)
    kind = _KINDS.get(line.key)
    if kind is None:
        return None
    about = line.metadata
    step = _number(about.get("curr_global_step", about.get("global_step")))
    return Mark(
        at_ms=line.time_ms,
        kind=kind,
        step=None if step is None else int(step),
        samples=_number(about.get("samples_count")),
        epoch=_number(about.get("epoch_num")),
        score=_number(line.value) if kind is MarkKind.SCORE else None,
    )


def _stats(line: Line) -> Mark | None:
    """The loss of training that submissions note by the way; `step` there counts samples, so it is not taken."""
    value = line.value if isinstance(line.value, dict) else {}
    loss = _number(value.get("train_loss", value.get("reduced_train_loss")))
    step_s = _number(value.get("train_step_time"))
    if loss is None and step_s is None:
        return None
    return Mark(at_ms=line.time_ms, kind=MarkKind.STEP, loss=loss, step_s=step_s)


def read_log(lines: Iterable[str], accelerator: str = "", accelerators: float = 0.0) -> TrainingLog:
    """A log, whatever else stands in it; the accelerators are those of the system's description, where one is known."""
    marks: list[Mark] = []
    facts: dict[str, object] = {}
    times: dict[str, int] = {}
    unreadable: list[int] = []
    status = ""
    for number, text in enumerate(lines, 1):
        try:
            line = read_line(text)
        except ValueError:
            unreadable.append(number)
            continue
        if line is None:
            continue
        if (mark := mark_of(line)) is not None:
            marks.append(mark)
        if line.key in ("init_start", "run_start"):
            times.setdefault(line.key, line.time_ms)
        elif line.key == "run_stop":
            times[line.key] = line.time_ms
            status = str(line.metadata.get("status", "")) or status
        elif line.key not in _KINDS and isinstance(line.value, str | int | float):
            facts.setdefault(line.key, line.value)
    benchmark = str(facts.get("submission_benchmark", ""))
    own = Workload(
        sequence=int(_number(facts.get("max_sequence_length", facts.get("sequence_length"))) or 0),
        batch=_number(facts.get("global_batch_size")) or 0.0,
        precision="bf16",
        accelerators=accelerators,
        accelerator=accelerator or _accelerator(str(facts.get("submission_platform", ""))),
        origin="MLPerf log",
    )
    return TrainingLog(
        benchmark=benchmark,
        marks=tuple(_from_zero(marks, times.get("run_start"))),
        workload=own.or_else(BENCHMARKS.get(benchmark, Workload())),
        facts=facts,
        began_ms=times.get("init_start", times.get("run_start")),
        run_start_ms=times.get("run_start"),
        run_stop_ms=times.get("run_stop"),
        status=status,
        unreadable=tuple(unreadable),
    )


def _from_zero(marks: list[Mark], run_start_ms: int | None) -> list[Mark]:
    """The marks, with the samples at the start of the run: none were seen then, and few logs say so."""
    if run_start_ms is None or not any(one.samples for one in marks):
        return marks
    return [Mark(at_ms=run_start_ms, kind=MarkKind.PAUSE, samples=0.0), *marks]


def _accelerator(platform: str) -> str:
    """`64xNVIDIA HGX H100` without its count."""
    return _COUNT.sub("", platform).strip()


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if abs(found) < _LARGEST else None
