"""Whether a GPU is idle, window by window: the one rule that the check, the demo and the evaluation on data share.

A window (half an hour) is idle when the mean activity in it is below `active` percent and, where the server on the GPU
tells of them, no request ran or waited and its KV cache was empty. The mean, not the highest report: a probe or a
warm-up keeps a GPU busy for some seconds of the half hour, and is not use.
"""

from collections.abc import Iterator

from trimtab.advice.check import Knobs
from trimtab.advice.facts import Gpu, Values

_LEAST_SEEN = 0.5
"""Share of a window that must have been measured for it to be judged."""


def idle_windows(one: Gpu, knobs: Knobs) -> list[tuple[int, bool]]:
    """Each window in which a GPU was measured (its start in ms) and whether the GPU was idle in it."""
    size_ms = int(knobs["window"] * 60_000)
    needed = max(1.0, _LEAST_SEEN * size_ms / (one.period_s * 1000))
    asked, held = _highest(one.queue, size_ms), _highest(one.cache, size_ms)
    found = []
    for start, values in _windows(one.active, size_ms):
        if len(values) < needed:
            continue
        quiet = sum(values) / len(values) < knobs["active"] / 100
        waiting = asked.get(start, 0.0) > 0 or held.get(start, 0.0) >= knobs["cache"] / 100
        found.append((start, quiet and not waiting))
    return found


def idle_share(one: Gpu, knobs: Knobs) -> float:
    """The share of the judged windows in which a GPU was idle, 0 to 1."""
    windows = idle_windows(one, knobs)
    return sum(idle for _, idle in windows) / len(windows) if windows else 0.0


def idle_watts(one: Gpu, knobs: Knobs) -> float | None:
    """The mean power (W) that a GPU drew in the windows in which it was idle; None where none of them was measured."""
    size_ms = int(knobs["window"] * 60_000)
    idle = {start for start, was_idle in idle_windows(one, knobs) if was_idle}
    drawn = [value for at, value in zip(one.watts.times, one.watts, strict=True) if at // size_ms * size_ms in idle]
    return sum(drawn) / len(drawn) if drawn else None


def _windows(values: Values, size_ms: int) -> Iterator[tuple[int, list[float]]]:
    held: dict[int, list[float]] = {}
    for at, value in zip(values.times, values, strict=True):
        held.setdefault(at // size_ms * size_ms, []).append(value)
    yield from held.items()


def _highest(values: Values | None, size_ms: int) -> dict[int, float]:
    """The highest value of each window; nothing where nothing was told: activity decides alone then."""
    return {} if values is None else {start: max(part) for start, part in _windows(values, size_ms)}
