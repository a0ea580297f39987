"""Runs a script: loads its series into a source, evaluates its queries and compares the answers."""

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.metrics.promql.engine import Answer, PromQL, Series
from trimtab.metrics.promql.histograms.arithmetic import was_reset
from trimtab.metrics.promql.histograms.model import Hint, Histogram
from trimtab.metrics.promql.histograms.text import scripted
from trimtab.metrics.promql.labels import shown
from trimtab.metrics.promql.language.syntax import Type
from trimtab.metrics.promql.memory import MemorySource
from trimtab.metrics.promql.problems import BadQuery, ExecutionFailed
from trimtab.metrics.promql.script.commands import Clear, Command, Eval, Load, commands_of
from trimtab.metrics.promql.script.custom_buckets import as_custom_buckets
from trimtab.metrics.promql.script.series import Item, alike


class Outcome(Struct, frozen=True):
    """What became of one query of a script. `reason` is why it failed, "" where it passed."""

    line: int
    text: str
    reason: str = ""


EngineOf = Callable[[MemorySource], PromQL]
"""What runs queries over what a script loaded."""


async def run_script(text: str, engine_of: EngineOf = PromQL) -> list[Outcome]:
    """The outcome of every query in a script. Raises BadQuery for a script that cannot be read."""
    return await run_commands(commands_of(text), engine_of)


async def run_commands(commands: list[Command], engine_of: EngineOf = PromQL) -> list[Outcome]:
    """The same for commands."""
    source = MemorySource()
    found = []
    for command in commands:
        if isinstance(command, Clear):
            source = MemorySource()
        elif isinstance(command, Load):
            _load(source, command)
        else:
            found.append(Outcome(command.line, command.text, await _evaluated(engine_of(source), command)))
    return found


def _load(source: MemorySource, command: Load) -> None:
    for labels, items, starts in command.series:
        before: float | Histogram | None = None
        for place, item in enumerate(items):
            if item.value is None:
                continue
            at = place * command.step_ms
            began = starts[place] if place < len(starts) else None
            before = hinted(item.value, before)
            source.add(labels, at, before, 0 if began is None else at + began)
    if command.classic_to_native:
        for labels, samples in as_custom_buckets(command).items():
            before = None
            for at, histogram in sorted(samples.items()):
                before = hinted(histogram, before)
                source.add(labels, at, before)


def hinted(value: float | Histogram, before: float | Histogram | None) -> float | Histogram:
    """A histogram with the hint that Prometheus' store gives it.

    It knows that nothing was reset within a chunk, and begins one wherever something was, so that it never tells of a
    reset. Source: tsdb/chunkenc/float_histogram.go (appendable) and histogram_meta.go (counterResetHint).
    """
    if not isinstance(value, Histogram) or value.hint is Hint.GAUGE:
        return value
    if value.hint is Hint.RESET or not isinstance(before, Histogram) or before.hint is Hint.GAUGE:
        return value.hinted(Hint.UNKNOWN)
    layout = (value.schema, value.zero_threshold, value.custom) != (before.schema, before.zero_threshold, before.custom)
    begins = layout or was_reset(value.hinted(Hint.UNKNOWN), before)
    return value.hinted(Hint.UNKNOWN if begins else Hint.NOT_RESET)


async def _evaluated(engine: PromQL, command: Eval) -> str:
    failures = [each for each in command.expectations if each.kind == "fail"]
    try:
        if command.is_range:
            answer = await engine.query_range(
                EVERYTHING, command.text, command.start_ms, command.end_ms, command.step_ms
            )
        else:
            answer = await engine.query(EVERYTHING, command.text, command.start_ms)
    except (BadQuery, ExecutionFailed) as problem:
        if not failures:
            return f"got error {problem}"
        fits = all(each.fits(str(problem)) for each in failures)
        return "" if fits else f"got error {problem}; expected {failures[0].message or failures[0].regex}"
    if failures:
        return "expected an error and got an answer"
    return _notes(command, answer) or _compared(command, answer)


def _notes(command: Eval, answer: Answer) -> str:
    for kind, found in (("warn", answer.warnings), ("info", answer.infos)):
        wanted = [each for each in command.expectations if each.kind == kind]
        if any(each.kind == f"no_{kind}" for each in command.expectations) and found:
            return f"expected no {kind}, got {found}"
        if not wanted:
            continue
        for each in wanted:
            if not any(each.fits(text) for text in found):
                return f"expected {kind} {each.message or each.regex or ''}, got {found}"
        unexpected = [text for text in found if not any(each.fits(text) for each in wanted)]
        if unexpected:
            return f"got {kind} {unexpected} that is not expected"
    return ""


def _compared(command: Eval, answer: Answer) -> str:
    if command.string is not None or answer.type is Type.STRING:
        return "" if command.string == answer.text else f"got string {answer.text!r}; expected {command.string!r}"
    if command.scalar is not None or answer.type is Type.SCALAR:
        return _scalar(command, answer)
    if command.ordered and not command.is_range:
        order = [labels for labels, _ in command.series]
        got = [series.labels for series in answer.series]
        if order != got:
            return f"got order {[shown(each) for each in got]}"
    start, end, step = command.window or (command.start_ms, command.end_ms, command.step_ms)
    expected = dict(command.series)
    for series in answer.series:
        if series.labels not in expected:
            return f"got unexpected series {shown(series.labels)} = {_written(series)}"
        problem = _series(series, expected[series.labels], start, end, step)
        if problem:
            return f"{shown(series.labels)}: {problem}"
    got_labels = {series.labels for series in answer.series}
    missing = [labels for labels, items in command.series if labels not in got_labels and (items or command.is_range)]
    missing = [labels for labels in missing if any(item.value is not None for item in expected[labels])]
    return f"expected series {shown(missing[0])} is missing" if missing else ""


def _scalar(command: Eval, answer: Answer) -> str:
    if answer.type is not Type.SCALAR or command.scalar is None:
        return f"got {answer.type}; expected scalar {command.scalar}"
    got = float(answer.series[0].values[0])
    return "" if alike(got, command.scalar) else f"got scalar {got}; expected {command.scalar}"


def _series(series: Series, items: list[Item], start: int, end: int, step: int) -> str:
    got: dict[int, float | Histogram] = dict(zip(series.times.tolist(), series.values.tolist(), strict=True))
    got |= dict(zip(series.histogram_times.tolist(), series.histograms, strict=True))
    wanted = {start + place * step: item for place, item in enumerate(items) if item.value is not None}
    if wanted and max(wanted) > end:
        return "more values are expected than there are steps"
    if got.keys() != wanted.keys():
        return f"got {_written(series)}; expected {len(wanted)} values"
    for at, item in wanted.items():
        if not _same(got[at], item):
            return f"got {_one(got[at])} at {at}; expected {_one(item.value)}"
    return ""


def _same(got: float | Histogram, item: Item) -> bool:
    if isinstance(got, Histogram) and isinstance(item.value, Histogram):
        return _same_histogram(got, item.value, hinted=item.hinted)
    if isinstance(got, Histogram) or isinstance(item.value, Histogram) or item.value is None:
        return False
    return alike(got, item.value)


def _same_histogram(got: Histogram, wanted: Histogram, *, hinted: bool) -> bool:
    got, wanted = got.compact(), wanted.compact()
    if hinted and got.hint is not wanted.hint:
        return False
    if got.schema != wanted.schema or got.custom != wanted.custom or got.zero_threshold != wanted.zero_threshold:
        return False
    numbers = ((got.count, wanted.count), (got.sum, wanted.sum), (got.zero_count, wanted.zero_count))
    sides = ((got.positive, wanted.positive), (got.negative, wanted.negative))
    return all(alike(one, other) for one, other in numbers) and all(
        np.array_equal(one.index, other.index)
        and all(alike(a, b) for a, b in zip(one.count.tolist(), other.count.tolist(), strict=True))
        for one, other in sides
    )


def _one(value: float | Histogram | None) -> str:
    return scripted(value) if isinstance(value, Histogram) else str(value)


def _written(series: Series) -> str:
    plain = [f"{value}@{at}" for at, value in zip(series.times.tolist(), series.values.tolist(), strict=True)]
    rows = zip(series.histogram_times.tolist(), series.histograms, strict=True)
    return " ".join([*plain, *(f"{scripted(value)}@{at}" for at, value in rows)])[:400]
