"""info(): adds the labels of info metrics (`target_info`) to the series of the same instance and job."""

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.labels import NAME, Labels
from trimtab.metrics.promql.language.syntax import (
    At,
    Call,
    Duration,
    DurationOperation,
    Expression,
    Matcher,
    MatchOp,
    Selector,
    Subquery,
    bare,
    children,
)
from trimtab.metrics.promql.matchers import predicate
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.values import Flags, Vector

IDENTIFYING = ("instance", "job")
_TARGET = Matcher(NAME, MatchOp.EQUAL, "target_info")
_ANY = Matcher(NAME, MatchOp.REGEX, ".+_info")


def info_selector(node: Call) -> Selector:
    """The selector of the info series that a call reads, at the times of the first selector in its argument."""
    given = _given(node)
    names = name_matchers(given)
    found = _first_selector(node.arguments[0], None, None)
    at, offset = (None, None) if found is None else found
    rest = tuple(matcher for matcher in given if matcher.name != NAME)
    return Selector(node.start, "", (*rest, *names), offset, at)


def _given(node: Call) -> tuple[Matcher, ...]:
    second = bare(node.arguments[1]) if len(node.arguments) > 1 else None
    return second.matchers if isinstance(second, Selector) else ()


def name_matchers(given: tuple[Matcher, ...]) -> tuple[Matcher, ...]:
    """Which metrics are info metrics: those that are named, else target_info."""
    names = tuple(matcher for matcher in given if matcher.name == NAME)
    if any(matcher.op in (MatchOp.EQUAL, MatchOp.REGEX) for matcher in names):
        return names
    return (_ANY, *names) if names else (_TARGET,)


def _first_selector(
    node: Expression, at: At | None, offset: Duration | None
) -> tuple[At | None, Duration | None] | None:
    if isinstance(node, Selector):
        return (node.at or at, _plus(node.offset, offset if node.at is None else None))
    if isinstance(node, Subquery):
        at, offset = (node.at or at), (_plus(node.offset, offset) if node.at is None else node.offset)
    for child in children(node):
        found = _first_selector(child, at, offset)
        if found is not None:
            return found
    return None


def _plus(one: Duration | None, other: Duration | None) -> Duration | None:
    if one is None or other is None:
        return one or other
    return DurationOperation(one.start, "+", one, other)


def with_info(node: Call, base: Vector, info: Vector) -> Vector:
    """`base` with the labels of `info`. Raises ExecutionFailed where two info series give a label different values."""
    given = _given(node)
    wanted = {matcher.name for matcher in given if matcher.name != NAME}
    required = [predicate(matcher) for matcher in given if matcher.name != NAME]
    needs_info = not all(passes("") for passes in required)
    is_info = [predicate(matcher) for matcher in name_matchers(given)]
    plain = [all(passes(sets.get(labels, NAME)) for passes in is_info) for labels in base.labels]
    info = _asked(info, base, plain)
    newest = _newest(info)
    parts: list[Vector] = []
    by_key: dict[tuple[str, ...], list[int]] = {}
    for row, labels in enumerate(info.labels):
        by_key.setdefault(_key(labels), []).append(row)
    for row, labels in enumerate(base.labels):
        one = base.chosen(np.array((row,)))
        if plain[row]:
            parts.append(one)
            continue
        rows = by_key.get(_key(labels), []) if any(_key(labels)) else []
        parts += _combined(one, [(info.labels[at], newest[at]) for at in rows], wanted, needs_info=needs_info)
    return _stack(parts, base)


def _key(labels: Labels) -> tuple[str, ...]:
    return tuple(sets.get(labels, name) for name in IDENTIFYING)


def _asked(info: Vector, base: Vector, plain: list[bool]) -> Vector:
    """The info series that share instances and jobs with what is to get labels. Raises ExecutionFailed for histograms.

    `plain` are the series of `base` that are info series themselves.
    """
    keys = [_key(labels) for labels, as_it_is in zip(base.labels, plain, strict=True) if not as_it_is]
    shared = [{key[place] for key in keys if key[place]} for place in range(len(IDENTIFYING))]
    asked = [
        all(own in values for own, values in zip(_key(labels), shared, strict=True) if values) for labels in info.labels
    ]
    info = info.chosen(np.array(asked, np.bool_) & any(shared))
    info = replace(info, present=info.present & base.present.any(axis=0)).occupied()
    if info.is_histogram.any():
        raise ExecutionFailed("info sample should be float")
    return info


def _newest(info: Vector) -> Flags:
    """Of several info series of one name and target only the newest counts. Raises ExecutionFailed for two."""
    kept = info.present.copy()
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, labels in enumerate(info.labels):
        groups.setdefault((sets.get(labels, NAME), *_key(labels)), []).append(row)
    stamps = info.stamps if info.stamps is not None else np.zeros(info.present.shape, np.int64)
    for rows in groups.values():
        if len(rows) < 2:
            continue
        own = np.where(info.present[rows], stamps[rows], -(2**62))
        best = own.max(axis=0)
        double = ((own == best) & info.present[rows]).sum(axis=0) > 1
        if double.any():
            step = int(np.argmax(double))
            one, other = (row for row in rows if info.present[row, step] and stamps[row, step] == best[step])
            raise ExecutionFailed(
                f"found duplicate series for info metric: existing {sets.shown(info.labels[one])} @ {best[step]}, "
                f"new {sets.shown(info.labels[other])} @ {best[step]}"
            )
        kept[rows] &= own == best
    return kept


def _combined(one: Vector, infos: list[tuple[Labels, Flags]], wanted: set[str], *, needs_info: bool) -> list[Vector]:
    """One series, cut into parts by which info series there are."""
    if not infos:
        return [] if needs_info else [one]
    present = np.stack([flags for _, flags in infos])
    patterns, inverse = np.unique(present.T, axis=0, return_inverse=True)
    parts = []
    for number, pattern in enumerate(patterns):
        added: dict[str, str] = {}
        own = dict(one.labels[0])
        for (labels, _), there in zip(infos, pattern.tolist(), strict=True):
            if there:
                _add(added, labels, own, wanted)
        if needs_info and not pattern.any():
            continue
        steps = one.present & (inverse.ravel() == number)
        parts.append(replace(one, labels=[sets.make(own | added)], present=steps))
    return parts


def _add(added: dict[str, str], labels: Labels, own: dict[str, str], wanted: set[str]) -> None:
    for name, value in labels:
        if name == NAME or (wanted and name not in wanted):
            continue
        if added.get(name, value) != value:
            raise ExecutionFailed(f"conflicting label: {name}")
        if name not in own:
            added[name] = value


def _stack(parts: list[Vector], like: Vector) -> Vector:
    if not parts:
        return Vector.empty(like.present.shape[1])
    histograms = None
    if like.histograms is not None:
        histograms = np.concatenate([part.histograms for part in parts if part.histograms is not None])
    return Vector(
        [labels for part in parts for labels in part.labels],
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.present for part in parts]),
        np.concatenate([part.drop for part in parts]),
        histograms,
    ).occupied()
