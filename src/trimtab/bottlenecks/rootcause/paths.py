"""Evidence in what operations do no more: an early return, a swallowed exception, a branch that is not taken.

An operation is held against itself in the normal window: the share of traces in which a visit of it took a step. A step
that most visits took and that is missing now, and a serious one that is new, are surprises, in bits: how improbable so
few (so many) are, given the normal counts (a beta-binomial distribution, after Jeffreys' prior). What one of very many
operations does by chance is taken off. Visits that called something that itself went astray are left out: they do what
they were told. (What Nezha calls the event pair that breaks; here pairs of an operation and a step.)
"""

import math
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.forest import NONE, Flags, Rows
from trimtab.bottlenecks.rootcause.signals import Evidence, Kind
from trimtab.bottlenecks.rootcause.visits import Operation, Step, Values, Visits

_EXPECTED = 0.5
"""Share of normal traces from which a step is expected; below it, its absence is a matter of what was asked."""
_SURE_BITS = 7.0
"""Bits from which a visit without an expected step went astray: by chance it happens once in a hundred windows."""


class _Share(Struct, frozen=True):
    """Traces in which an operation was visited, and of these (fractions of) those that took a step."""

    took: float
    traces: float


class _Change(Struct, frozen=True):
    operation: Operation
    step: Step
    normal: _Share
    now: _Share
    concerned: Flags
    """Visits of the window that lack the step, or took it though none is expected."""

    def bits(self, now: _Share) -> float:
        """The surprise at `now`."""
        normal = self.normal
        if self.step.serious:
            return surprise(normal.traces - normal.took, normal.traces, now.traces - now.took, now.traces)
        return surprise(normal.took, normal.traces, now.took, now.traces)


def path_changes(normal: Visits, now: Visits) -> Iterator[Evidence]:
    """Steps that operations should have taken and did not, and serious ones that they should not have taken."""
    changes = list(_changes(normal, now))
    chance = math.log2(max(len(set(normal.operations) & set(now.operations)), 1))
    astray = np.zeros(len(now.row), bool)
    for change in changes:
        if change.bits(change.now) - chance >= _SURE_BITS:
            astray |= change.concerned
    told = _below(now, astray)
    for change in changes:
        excused = float(now.weight[change.concerned & told].sum())
        left = _Share(change.now.took - (excused if change.step.serious else 0.0), change.now.traces - excused)
        bits = change.bits(left) - chance
        if left.traces > 0 and bits > 0:
            yield Evidence(
                component=change.operation[0],
                kind=Kind.PATH,
                subject=f"{change.operation[1]}: {change.step.name}",
                normal=100 * change.normal.took / change.normal.traces,
                now=100 * change.now.took / change.now.traces,
                octaves=math.log2(1 + bits),
                unit="%",
            )


def surprise(took: float, traces: float, took_now: float, traces_now: float) -> float:
    """Bits of surprise that `took_now` or fewer of `traces_now` took a step which `took` of `traces` took."""
    hits, of = math.floor(took + 1e-9), math.ceil(traces - 1e-9)
    few, many = math.ceil(took_now - 1e-9), math.floor(traces_now + 1e-9)
    if few >= many:
        return 0.0
    a, b = hits + 0.5, of - hits + 0.5
    logs = [_log_beta_binomial(count, many, a, b) for count in range(few + 1)]
    most = max(logs)
    return max(-(most + math.log(sum(math.exp(one - most) for one in logs))) / math.log(2), 0.0)


def _changes(normal: Visits, now: Visits) -> Iterator[_Change]:
    """Every expected step of an operation that is missing more often, and every serious one that came more often."""
    before, after = _Shares(normal), _Shares(now)
    codes = {operation: code for code, operation in enumerate(now.operations)}
    steps = {step: code for code, step in enumerate(now.steps)}
    for operation, step in sorted(before.took.keys() | after.took.keys()):
        usual, current = before.of(operation, step), after.of(operation, step)
        if not usual.traces or not current.traces:
            continue
        expected = usual.took >= _EXPECTED * usual.traces
        more = current.took * usual.traces > usual.took * current.traces
        if step.serious == expected or step.serious != more:  # recovering is no fault, nor is more of the usual
            continue
        mine = now.operation == codes[operation]
        if step.line:
            mine &= now.logged
        did = now.doing(steps[step]) if step in steps else np.zeros(len(now.row), bool)
        yield _Change(operation, step, usual, current, mine & (did if step.serious else ~did))


class _Shares:
    """Of each operation, the traces and, by step, those that took it."""

    def __init__(self, window: Visits) -> None:
        count = len(window.operations)
        self._traces = dict(zip(window.operations, _sums(window.operation, window.weight, count), strict=True))
        logged = np.where(window.logged, window.weight, 0.0)
        self._logged = dict(zip(window.operations, _sums(window.operation, logged, count), strict=True))
        visit, step = window.did[:, 0], window.did[:, 1]
        weight = np.where(np.array([one.line for one in window.steps], bool)[step], logged[visit], window.weight[visit])
        pairs, code = np.unique(np.stack((window.operation[visit], step)), axis=1, return_inverse=True)
        sums = _sums(code.reshape(-1), weight, pairs.shape[1])
        self.took = {
            (window.operations[operation], window.steps[step]): took
            for (operation, step), took in zip(pairs.T.tolist(), sums, strict=True)
        }

    def of(self, operation: Operation, step: Step) -> _Share:
        """The share of a step; of lines, among visits for which lines were looked at."""
        traces = (self._logged if step.line else self._traces).get(operation, 0.0)
        return _Share(self.took.get((operation, step), 0.0), traces)


def _sums(codes: Rows, weight: Values, count: int) -> list[float]:
    sums: list[float] = np.bincount(codes, weight, count).tolist()
    return sums


def _log_beta_binomial(hits: int, of: int, a: float, b: float) -> float:
    """The logarithm of the chance of `hits` in `of`, where the share is distributed by Beta(a, b)."""
    choose = math.lgamma(of + 1) - math.lgamma(hits + 1) - math.lgamma(of - hits + 1)
    return choose + _log_beta(a + hits, b + of - hits) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _below(window: Visits, astray: Flags) -> Flags:
    """Visits that have, somewhere below them in another component, one that went astray."""
    found = np.zeros(len(astray), bool)
    going = window.above[astray]
    going = np.unique(going[going != NONE])
    while len(going):
        found[going] = True
        up = window.above[going]
        up = np.unique(up[up != NONE])
        going = up[~found[up]]
    return found
