"""Log lines of training programs: what one says of progress, or of what is trained. Pure.

Each dialect is a list of patterns, tried in order; a line of none says nothing. Forms as the programs print them:

Megatron-LM   iteration 100/ 500000 | consumed samples: 51200 | elapsed time per iteration (ms): 1234.5 | …
torchtitan    step: 10  loss: 4.1  grad_norm: …  tps: 5,337  tflops: 30.9  mfu: 9.9%
NeMo          Training epoch 0, iteration 2/249 | … | global_step: 2 | reduced_train_loss: 1.6 | …
Hugging Face  {'loss': 1.2, 'grad_norm': 0.5, 'learning_rate': 5e-05, 'epoch': 0.13}
Lightning     Epoch 1:  50%|█ | 50/100 [00:10<00:10, 5.00it/s, v_num=0, train_loss=0.3, global_step=49.0]
DeepSpeed     steps: 10 loss: 1.23 iter time (s): 1.2 samples/sec: 13.3
MLPerf        :::MLLOG {…}
"""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from trimtab.progress import mllog
from trimtab.progress.model import Mark, MarkKind, Workload

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LONGEST = 8192
"""Characters of a line that are looked at: no program prints more of one step."""
_LARGEST = float(1 << 53)
"""What is no count of anybody."""
_N = r"([-+]?[\d,]*\.?\d+(?:[eE][-+]?\d+)?|nan|inf)"


class Said(Struct, frozen=True):
    """What a line says: of progress, or of what is trained; and in which dialect."""

    dialect: str
    mark: Mark | None = None
    workload: Workload | None = None


_Found = Callable[["re.Match[str]", str, int], Mark | Workload | None]


class _Pattern(Struct, frozen=True):
    dialect: str
    hint: str
    """Text that the line must have: asking for it is ten times as cheap as the expression."""
    form: "re.Pattern[str]"
    make: _Found


def read(text: str, at_ms: int) -> Said | None:
    """What a line says, if anything. `at_ms` is when it was written, where it does not say so itself."""
    text = text[:LONGEST]
    if mllog.MARKER in text:
        return _of_mllog(text)
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    for one in _PATTERNS:
        if one.hint not in text:
            continue
        match = one.form.search(text)
        if match is None:
            continue
        made = one.make(match, text, at_ms)
        if made is not None:
            return Said(one.dialect, made) if isinstance(made, Mark) else Said(one.dialect, workload=made)
    return None


def may_say(text: str) -> bool:
    """Whether a line may say anything: asked of every line of every log, nearly all of which do not (0.5 µs)."""
    return any(stem in text for stem in STEMS)


def _of_mllog(text: str) -> Said | None:
    try:
        line = mllog.read_line(text)
    except ValueError:
        return None
    if line is None:
        return None
    mark = mllog.mark_of(line)
    if mark is not None:
        return Said("MLPerf", mark)
    number = (
        _number(str(line.value)) if isinstance(line.value, int | float) and not isinstance(line.value, bool) else None
    )
    if line.key == "submission_benchmark" and str(line.value) in mllog.BENCHMARKS:
        return Said("MLPerf", workload=mllog.BENCHMARKS[str(line.value)])
    if line.key == "global_batch_size" and number:
        return Said("MLPerf", workload=Workload(batch=number))
    if line.key in ("max_sequence_length", "sequence_length") and number:
        return Said("MLPerf", workload=Workload(sequence=int(number)))
    return None


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        found = float(text.replace(",", ""))
    except ValueError:
        return None
    return found if abs(found) < _LARGEST else None


def _whole(text: str | None) -> int | None:
    found = _number(text)
    return None if found is None else int(found)


def _after(name: str, text: str, between: str = r"\s*[:=]\s*") -> float | None:
    """The number that stands behind a name."""
    found = re.search(rf"(?<![\w/]){name}{between}{_N}", text)
    return _number(found.group(1)) if found else None


def _mark(kind: MarkKind, step: int = 0) -> _Found:
    """Marks of a kind; the group `step` of the expression is the step, where there is one."""

    def make(match: "re.Match[str]", _text: str, at_ms: int) -> Mark:
        return Mark(at_ms=at_ms, kind=kind, step=_whole(match.group(step)) if step else None)

    return make


def _megatron(match: "re.Match[str]", text: str, at_ms: int) -> Mark:
    took_ms = _after(r"elapsed time per iteration \(ms\)", text)
    return Mark(
        at_ms=at_ms,
        kind=MarkKind.STEP,
        step=_whole(match.group(1)),
        samples=_after("consumed samples", text),
        tokens=_after("consumed tokens", text),
        loss=_after("lm loss", text) or _after("loss", text),
        step_s=None if took_ms is None else took_ms / 1000,
    )


def _megatron_score(match: "re.Match[str]", text: str, at_ms: int) -> Mark:
    return Mark(at_ms=at_ms, kind=MarkKind.SCORE, step=_whole(match.group(1)), score=_after("loss value", text))


def _titan(match: "re.Match[str]", text: str, at_ms: int) -> Mark:
    share = _after("mfu", text)
    return Mark(
        at_ms=at_ms,
        kind=MarkKind.STEP,
        step=_whole(match.group(1)),
        loss=_number(match.group(2)),
        mfu=None if share is None else share / 100,
    )


def _titan_score(match: "re.Match[str]", _text: str, at_ms: int) -> Mark:
    return Mark(at_ms=at_ms, kind=MarkKind.SCORE, step=_whole(match.group(1)), score=_number(match.group(2)))


def _titan_shape(match: "re.Match[str]", text: str, _at_ms: int) -> Workload:
    return Workload(
        batch=_after("global batch size", text, r"\s+") or 0.0,
        sequence=int(_after("sequence length", text, r"\s+") or 0),
        total_steps=int(_after("total steps", text, r"\s+") or 0),
    )


def _nemo(match: "re.Match[str]", text: str, at_ms: int) -> Mark | None:
    step = _after("global_step", text)
    if step is None:
        return None
    return Mark(
        at_ms=at_ms,
        kind=MarkKind.STEP,
        step=int(step),
        epoch=_after(r"[Ee]poch", text, r"\s*"),
        samples=_after("consumed_samples", text),
        loss=_after("reduced_train_loss", text),
        step_s=_after("train_step_timing in s", text),
    )


def _lightning(match: "re.Match[str]", text: str, at_ms: int) -> Mark:
    """Its bar counts batches of an epoch: they are steps of the whole only where the epochs are of equal length."""
    epoch, batch, batches = (int(match.group(name)) for name in ("epoch", "batch", "batches"))
    step = _after("global_step", text)
    return Mark(
        at_ms=at_ms,
        kind=MarkKind.STEP,
        step=int(step) if step is not None else epoch * batches + batch,
        epoch=epoch + (batch / batches if batches else 0.0),
        loss=_after(r"(?:train_loss|loss)(?:_step)?", text),
    )


def _hugging_face(match: "re.Match[str]", text: str, at_ms: int) -> Mark | None:
    values = _dict(text)
    if "eval_loss" in values or "eval_runtime" in values:
        return Mark(at_ms=at_ms, kind=MarkKind.SCORE, epoch=values.get("epoch"), score=values.get("eval_loss"))
    if "train_runtime" in values:
        return Mark(at_ms=at_ms, kind=MarkKind.END, epoch=values.get("epoch"))
    if "loss" not in values:
        return None
    step = values.get("step", values.get("global_step"))
    return Mark(
        at_ms=at_ms,
        kind=MarkKind.STEP,
        step=None if step is None else int(step),
        epoch=values.get("epoch"),
        loss=values["loss"],
        tokens=values.get("num_input_tokens_seen"),
    )


def _dict(text: str) -> Mapping[str, float]:
    """The numbers of a printed dictionary, also of strings (newer versions print them so)."""
    pairs = re.findall(rf"""['"]([\w/]+)['"]\s*:\s*['"]?{_N}['"]?""", text)
    return {name: value for name, said in pairs if (value := _number(said)) is not None}


def _deepspeed(match: "re.Match[str]", text: str, at_ms: int) -> Mark:
    return Mark(
        at_ms=at_ms,
        kind=MarkKind.STEP,
        step=_whole(match.group(1)),
        loss=_after("loss", text),
        step_s=_after(r"iter time \(s\)", text),
    )


def _parameters(match: "re.Match[str]", _text: str, _at_ms: int) -> Workload:
    return Workload(parameters=(_number(match.group(1)) or 0.0) * _SCALES.get(match.group(2) or "", 1.0))


_SCALES: Mapping[str, float] = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def _batch(match: "re.Match[str]", _text: str, _at_ms: int) -> Workload:
    return Workload(batch=_number(match.group(1)) or 0.0)


def _total_steps(match: "re.Match[str]", _text: str, _at_ms: int) -> Workload:
    return Workload(total_steps=_whole(match.group(1)) or 0)


def _epochs(match: "re.Match[str]", _text: str, _at_ms: int) -> Workload:
    return Workload(epochs=_number(match.group(1)) or 0.0)


def _sequence(match: "re.Match[str]", _text: str, _at_ms: int) -> Workload:
    return Workload(sequence=_whole(match.group(1)) or 0)


def _pattern(dialect: str, hint: str, form: str, make: _Found) -> _Pattern:
    return _Pattern(dialect, hint, re.compile(form), make)


_PATTERNS = (
    _pattern("NeMo", "global_step", r"(?:reduced_train_loss|train_step_timing in s)", _nemo),
    _pattern("Megatron-LM", " iteration ", r"(?<!, )iteration\s+(\d+)\s*/\s*\d+ \|", _megatron),
    _pattern("Megatron-LM", "loss at iteration", r"loss at iteration\s+(\d+)", _megatron_score),
    _pattern("Megatron-LM", "saving checkpoint at", r"saving checkpoint at iteration\s+(\d+)", _mark(MarkKind.SAVE, 1)),
    _pattern(
        "Megatron-LM",
        "successfully saved checkpoint",
        r"successfully saved checkpoint (?:from|at) iteration\s+(\d+)",
        _mark(MarkKind.SAVED, 1),
    ),
    _pattern(
        "Megatron-LM",
        "loaded checkpoint",
        r"(?:successfully )?loaded checkpoint from .* at iteration\s+(\d+)",
        _mark(MarkKind.LOADED, 1),
    ),
    _pattern("Megatron-LM", "seq_length ..", r"(?<![\w])seq_length \.+ (\d+)", _sequence),
    _pattern("Megatron-LM", "global_batch_size ..", r"(?<![\w])global_batch_size \.+ (\d+)", _batch),
    _pattern("torchtitan", "validate step:", rf"validate step:\s*([\d,]+)\s+loss:\s*{_N}", _titan_score),
    _pattern("torchtitan", "step:", rf"(?<!validate )\bstep:\s*([\d,]+)\s+loss:\s*{_N}", _titan),
    _pattern("torchtitan", "Training starts at step", r"Training starts at step (\d+)", _titan_shape),
    _pattern("torchtitan", "total parameters", r"size: ([\d,]+)() total parameters", _parameters),
    _pattern("torchtitan", "Saving the checkpoint", r"Saving the (?:full )?checkpoint", _mark(MarkKind.SAVE)),
    _pattern("torchtitan", "Finished saving the ch", r"Finished saving the checkpoint", _mark(MarkKind.SAVED)),
    _pattern(
        "torchtitan", "Loading the checkpoint", r"Loading the checkpoint from .*?step-(\d+)", _mark(MarkKind.LOADED, 1)
    ),
    _pattern("torchtitan", "Training completed", r"- INFO - Training completed", _mark(MarkKind.END)),
    _pattern("Hugging Face", "'epoch'", r"^\W*\{.*'epoch'", _hugging_face),
    _pattern("Hugging Face", "Running training", r"\*{3,} Running training \*{3,}", _mark(MarkKind.START)),
    _pattern("Hugging Face", "Running Evaluation", r"\*{3,} Running Evaluation \*{3,}", _mark(MarkKind.EVALUATE)),
    _pattern("Hugging Face", "checkpoint-", r"Saving model checkpoint to .*checkpoint-(\d+)", _mark(MarkKind.SAVED, 1)),
    _pattern(
        "Hugging Face",
        "from global step",
        r"Continuing training from global step (\d+)",
        _mark(MarkKind.LOADED, 1),
    ),
    _pattern("Hugging Face", "trainable parameters", r"Number of trainable parameters = ([\d,]+)()", _parameters),
    _pattern("Hugging Face", "Total optimization steps", r"Total optimization steps = ([\d,]+)", _total_steps),
    _pattern("Hugging Face", "Num Epochs", r"Num Epochs = ([\d,]+)", _epochs),
    _pattern("Hugging Face", "Total train batch size", r"Total train batch size .*= ([\d,]+)", _batch),
    _pattern(
        "Lightning",
        "Epoch ",
        r"Epoch (?P<epoch>\d+):.*?(?P<batch>\d+)/(?P<batches>\d+) \[\d\d:",
        _lightning,
    ),
    _pattern("Lightning", "Trainable params", rf"^\s*{_N}\s+([KMBT])?\s*Trainable params", _parameters),
    _pattern("Lightning", "Trainer.fit` stopped", r"`Trainer\.fit` stopped", _mark(MarkKind.END)),
    _pattern("DeepSpeed", "iter time (s)", r"steps: (\d+) loss: .* iter time \(s\)", _deepspeed),
    _pattern("DeepSpeed", "[Rank 0] step=", r"\[Rank 0\] step=(\d+), skipped=", _deepspeed),
    _pattern("DeepSpeed", "global_step=", r"/global_step=(\d+), RunningAvgSamplesPerSec", _deepspeed),
    _pattern(
        "DeepSpeed", "about to be saved", r"Checkpoint global_step(\d+) is about to be saved", _mark(MarkKind.SAVE, 1)
    ),
    _pattern("DeepSpeed", "is ready now", r"Checkpoint global_step(\d+) is ready now", _mark(MarkKind.SAVED, 1)),
)
HINTS = (mllog.MARKER, *dict.fromkeys(one.hint for one in _PATTERNS))
STEMS = (
    "step",
    "iteration",
    "poch",
    "heckpoint",
    "rain",
    "MLLOG",
    "Running",
    "iter time",
    "is ready now",
    "total param",
    "be saved",
    "saving the ch",
    "Num Epochs",
    "_size ..",
    "_length ..",
)
"""Of each hint a part that several share."""
DIALECTS = ("MLPerf", *dict.fromkeys(one.dialect for one in _PATTERNS))
