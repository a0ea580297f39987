"""From the signals of a run to what each of its GPUs did in each step. Pure arithmetic over arrays.

No signal is believed alone. A kernel that waits in a collective (a spinning NCCL kernel) keeps SM_ACTIVE or GPU_UTIL as
high as work does, but moves no data: tensor pipes, memory interface and links stand still, and power falls. A rank
*spins* where all of that is told and holds; it *moves* where it is busy and does not spin. A run in which none moves
and some spin *stalls*: that is a hang once it lasts longer than compiling, saving a checkpoint or an evaluation on one
rank do. Where memory traffic is not told, or neither power nor progress, nothing is known of a GPU that is busy and
still.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.fleet.phases.phase import Phase
from trimtab.fleet.phases.signals import Bools, Floats, Signals

Codes = npt.NDArray[np.int8]
NOT_HELD = -1

QUIET_TO = 0.02
"""Activity up to which no kernel runs: an idle GPU's counters read up to some thousandths."""
_WORK_OF_ACTIVE, _WORK_FLOOR = 0.02, 0.002
"""A spinning kernel's tensor and memory activity: none but what counters read of nothing."""
_LINK_SHARE, _LINK_LEAST, _LINK_MOST = 0.05, 20e6, 1e9
"""Bytes/s from which data is moved: a share of what this run moves when it works, within bounds."""
_COOL_OF_LIMIT, _COOL_OF_WORK = 0.62, 0.88
"""Power of a spinning GPU, at most: of its limit (about half was measured), else of what it draws when it works."""
_LOW = 0.35
"""Activity below which a run that loads data waits for its input."""
_COMPUTES = 0.15
"""Tensor or memory activity below which a run that moves data between GPUs is bound by it."""

WARM_UP_MS = 30 * 60_000
"""The longest that loading, compiling and joining take: what stands still longer at the start hangs there."""
TOLD_AFTER_MS = 270_000
"""A stall that goes on is a hang from here on: told within five minutes."""
RECOVERS_MS = 10 * 60_000
"""A stall that ended by itself was none up to here: a checkpoint, an evaluation on one rank."""
_SAVES_MS = 15 * 60_000
_PAUSE_MS = 5 * 60_000
"""Without kernels for less than this, between work: it waited for input; for longer it was idle."""
_WAITS_MS = 3 * 60_000


class _Step:
    """What the run as a whole does in a step."""

    NOTHING, WORKS, STALLS, COPIES, QUIET, BLIND = range(6)


class Stall(NamedTuple):
    """Steps `[first, last)` in which no rank moved. `ended`: some rank moved again."""

    first: int
    last: int
    ended: bool


class Past(Struct, frozen=True):
    """What is known of a run before the steps that are judged: whether it has worked, and its longest stall (ms) that
    ended by itself."""

    worked: bool = False
    harmless_ms: int = 0


NOTHING = Past()


class Judged(Struct, frozen=True):
    """`codes`: a `Phase` by rank and step, `NOT_HELD` where the run did not have the GPU. `hangs`: the stalls that are
    hangs. `past`: what is known of the run after these steps."""

    codes: Codes
    hangs: tuple[Stall, ...]
    past: Past


class _Seen(NamedTuple):
    """By rank and step."""

    moves: Bools
    spins: Bools
    quiet: Bools
    copies: Bools
    blind: Bools


def judge(signals: Signals, *, past: Past = NOTHING, ended: bool = False) -> Judged:
    """What each GPU did. `ended`: the run ended with the last step."""
    harmless_ms = past.harmless_ms
    seen = _seen(signals)
    steps = _steps(signals, seen)
    codes = np.full(signals.held.shape, Phase.UNKNOWN, np.int8)
    _working(codes, signals, seen, steps == _Step.WORKS)
    hangs: list[Stall] = []
    for stall in _stalls(steps):
        if not past.worked and not np.isin(steps[: stall.first], (_Step.WORKS, _Step.BLIND)).any():
            hang = _at_the_start(codes, signals, steps, stall)
        else:
            hang, harmless_ms = _between(codes, signals.step_ms, steps, stall, harmless_ms, over=ended)
        if hang is not None:
            hangs.append(hang)
    codes[seen.blind] = Phase.UNKNOWN
    if signals.saving is not None:
        codes[:, signals.saving] = Phase.CHECKPOINTING
    if signals.repeating is not None:
        repeated = signals.repeating[None, :] & (codes == Phase.PRODUCTIVE)
        codes[repeated] = Phase.RECOMPUTED
    codes[~signals.held] = NOT_HELD
    worked = past.worked or bool(np.equal(steps, _Step.WORKS).any())
    return Judged(codes, tuple(hangs), Past(worked, harmless_ms))


def stopped_first(signals: Signals, hang: Stall) -> int | None:
    """The rank (row) that stopped first in a hang: one that runs no kernel while others wait, else the one whose last
    move lies longest ago. None where all stopped in the same step."""
    seen = _seen(signals)
    held = signals.held[:, hang.first : hang.last].any(axis=1)
    silent = held & (seen.quiet[:, hang.first : hang.last].mean(axis=1) > 0.5)
    candidates = np.flatnonzero(silent if silent.any() and not silent[held].all() else held)
    before = seen.moves[:, : hang.first]
    if not before.shape[1]:
        return int(candidates[0]) if len(candidates) == 1 else None
    reverse = before[candidates, ::-1]
    ago = np.where(reverse.any(axis=1), reverse.argmax(axis=1), before.shape[1])
    longest = candidates[ago == ago.max()]
    return int(longest[0]) if len(longest) == 1 else None


def _seen(signals: Signals) -> _Seen:
    known_active = ~np.isnan(signals.active) & signals.held
    busy = known_active & (signals.active > QUIET_TO)
    told = ~np.isnan(signals.memory)
    told &= ~np.isnan(signals.tensor) | ~np.isnan(signals.power) | ~np.isnan(signals.fabric)
    work = np.fmax(signals.tensor, signals.memory)
    still = work < _WORK_OF_ACTIVE * signals.active + _WORK_FLOOR
    links = _sum(signals.fabric, signals.host)
    linked = links >= _link_floor(links)
    works = busy & told & ~still
    if signals.steps_done is None:
        told &= ~(still & ~linked & np.isnan(signals.power))  # it may compute in its registers
    spins = busy & told & still & ~linked
    if spins.any():  # of most runs none is: what their GPUs draw need not be looked at
        spins &= _cool(signals, works)
    quiet = known_active & ~busy
    return _Seen(busy & told & ~spins, spins, quiet, quiet & linked, signals.held & ~quiet & ~(busy & told))


def _sum(first: Floats, second: Floats) -> Floats:
    """NaN only where both are."""
    both = np.isnan(first) & np.isnan(second)
    return np.where(both, np.nan, np.nan_to_num(first) + np.nan_to_num(second))


def _link_floor(links: Floats) -> float:
    known = links[~np.isnan(links)]
    if not len(known):
        return float("inf")
    return float(np.clip(_LINK_SHARE * np.quantile(known, 0.9), _LINK_LEAST, _LINK_MOST))


def _cool(signals: Signals, working: Bools) -> Bools:
    """Where a GPU draws too little to compute in its registers, as far as that is told."""
    power = signals.power
    drawn = np.where(working, power, np.nan)
    counted = (~np.isnan(drawn)).any(axis=1)
    usual = np.full(len(power), np.nan)
    if counted.any():
        usual[counted] = np.nanmedian(drawn[counted], axis=1)
        usual[~counted] = np.nanmedian(usual[counted])
    most = np.where(np.isnan(signals.power_limit), _COOL_OF_WORK * usual, _COOL_OF_LIMIT * signals.power_limit)[:, None]
    return np.isnan(power) | np.isnan(most) | (power < most)


def _steps(signals: Signals, seen: _Seen) -> npt.NDArray[np.int64]:
    """What the run does as a whole, by step."""
    moves, spins = seen.moves.any(axis=0), seen.spins.any(axis=0)
    copies = seen.copies.any(axis=0)
    if signals.saving is not None:
        copies |= signals.saving
    if signals.steps_done is not None:
        moves |= np.nan_to_num(signals.steps_done) > 0
    blind = seen.blind.any(axis=0)
    choices = (~signals.held.any(axis=0), moves, blind, copies, spins)
    values = (_Step.NOTHING, _Step.WORKS, _Step.BLIND, _Step.COPIES, _Step.STALLS)
    return np.select(choices, values, _Step.QUIET)


def _stalls(steps: npt.NDArray[np.int64]) -> Iterator[Stall]:
    """Stretches of steps in which the run stalls, copies or is quiet; unknown steps end one."""
    stands = np.isin(steps, (_Step.STALLS, _Step.COPIES, _Step.QUIET))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], stands.astype(np.int8), [0]))))
    worked = np.flatnonzero(np.equal(steps, _Step.WORKS))
    end = int(worked[-1]) if len(worked) else -1
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield Stall(first, last, end >= last)  # whatever is not known in between


def _working(codes: Codes, signals: Signals, seen: _Seen, works: npt.NDArray[np.bool_]) -> None:
    """Steps in which some rank moves."""
    work = np.fmax(signals.tensor, signals.memory)
    moving = np.where(seen.moves, signals.active, 0.0)
    together = moving.sum(axis=0) / np.maximum(seen.moves.sum(axis=0), 1)
    fabric, host = np.nan_to_num(signals.fabric), np.nan_to_num(signals.host)
    starved = (signals.active < _LOW) & (together < _LOW) & (host >= _LINK_LEAST)
    bound = (signals.active >= _LOW) & (work < _COMPUTES) & (fabric >= _LINK_LEAST) & (fabric >= host)
    codes[seen.moves] = Phase.PRODUCTIVE
    codes[seen.moves & starved] = Phase.STARVED
    codes[seen.moves & bound] = Phase.COMMUNICATION
    waits = works[None, :] & (seen.spins | seen.quiet)
    alone: Bools = ~np.any(seen.moves, axis=1)
    codes[waits] = Phase.STRAGGLER
    codes[works[None, :] & seen.quiet & alone[:, None]] = Phase.IDLE
    short = waits & ~_lasting(waits, max(1, _WAITS_MS // signals.step_ms))
    codes[short & ~alone[:, None]] = Phase.PRODUCTIVE  # pipeline bubbles, the end of a step: part of the work


def _lasting(where: Bools, least: int) -> Bools:
    """`where` without stretches of fewer than `least` steps."""
    if least <= 1:
        return where
    padded = np.pad(where, ((0, 0), (1, 1))).astype(np.int8)
    change = np.diff(padded, axis=1)
    row, begin = np.nonzero(change == 1)
    _, end = np.nonzero(change == -1)
    found = np.zeros((where.shape[0], where.shape[1] + 1), np.int32)
    kept = end - begin >= least
    np.add.at(found, (row[kept], begin[kept]), 1)
    np.add.at(found, (row[kept], end[kept]), -1)
    return np.cumsum(found, axis=1)[:, :-1] > 0


def _at_the_start(codes: Codes, signals: Signals, steps: npt.NDArray[np.int64], stall: Stall) -> Stall | None:
    """Before it worked for the first time it warms up.

    A run that never moved any data may compute in registers alone: that it hangs is known only where it says that it
    does no steps.
    """
    begun = int(np.flatnonzero(steps != _Step.NOTHING)[0])
    late = slice(max(begun + WARM_UP_MS // signals.step_ms, stall.first), stall.last)
    codes[:, stall.first : stall.last] = Phase.WARMING_UP
    if stall.ended or late.start >= late.stop:  # however long it took, it came to work
        return None
    spinning = (steps[late] == _Step.STALLS).any()
    hangs = spinning and signals.steps_done is not None
    codes[:, late] = Phase.HUNG if hangs else Phase.UNKNOWN if spinning else Phase.IDLE
    return Stall(late.start, late.stop, ended=False) if hangs else None


def _between(
    codes: Codes, step_ms: int, steps: npt.NDArray[np.int64], stall: Stall, harmless_ms: int, *, over: bool
) -> tuple[Stall | None, int]:
    """After it worked: the stall's codes; the hang in it, and the longest stall that ended by itself so far."""
    whole = slice(stall.first, stall.last)
    inside = steps[stall.first : stall.last]
    length_ms = len(inside) * step_ms
    spinning = np.flatnonzero(np.equal(inside, _Step.STALLS))
    if np.equal(inside, _Step.COPIES).any() and length_ms <= _SAVES_MS:
        codes[:, whole] = Phase.CHECKPOINTING
        return None, max(harmless_ms, length_ms) if stall.ended else harmless_ms
    if len(spinning) * 2 * step_ms < length_ms and len(spinning) * step_ms < RECOVERS_MS:
        codes[:, whole] = Phase.STARVED if length_ms < _PAUSE_MS and stall.ended else Phase.IDLE
        return None, harmless_ms
    begin, end = int(spinning[0]), int(spinning[-1]) + 1
    anew = stall.ended and len(inside) - end >= 2  # no kernel ran between waiting and work: it was started again
    soon = anew or not (stall.ended or over)
    patience = min(max(TOLD_AFTER_MS if soon else RECOVERS_MS, 3 * harmless_ms // 2), WARM_UP_MS)
    if len(spinning) * step_ms >= patience:
        codes[:, whole] = Phase.HUNG
        codes[:, whole][:, :begin] = Phase.STARVED
        codes[:, whole][:, end:] = Phase.WARMING_UP if stall.ended else Phase.IDLE
        return Stall(stall.first + begin, stall.first + end, stall.ended), harmless_ms
    if not stall.ended and not over:
        codes[:, whole] = Phase.UNKNOWN  # too early to tell
        return None, harmless_ms
    codes[:, whole] = Phase.STRAGGLER
    return None, max(harmless_ms, length_ms) if stall.ended else harmless_ms
