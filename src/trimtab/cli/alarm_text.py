"""Replays as text: a sentence, a strip of states, times and lengths."""

from trimtab.base.clock import iso
from trimtab.client import alarms_wire as wire

_MARKS = {"ALARM": "█", "OK": "▁", "INSUFFICIENT_DATA": "·"}
_RANK = ("ALARM", "INSUFFICIENT_DATA", "OK")


def firing(found: wire.AlarmReplay) -> str:
    """`fired 12 times in 30 d, 3.5 h in ALARM, 40 min at the longest`."""
    times = {0: "would not have fired", 1: "would have fired once", 2: "would have fired twice"}
    told = times.get(found.fired, f"would have fired {found.fired} times")
    if found.began == "ALARM":
        told += ", and was in ALARM when the range began"
    told += f" in {length(found.end_ms - found.start_ms)}"
    if found.firing_ms:
        told += f"; {length(found.firing_ms)} in ALARM, {length(found.longest_ms)} at the longest"
    return told + (f"; {found.muted} of them muted" if found.muted else "")


def state_strip(found: wire.AlarmReplay, width: int) -> str:
    """The states over the range, the most alarming of each stretch."""
    span = max(found.end_ms - found.start_ms, 1)
    cells: list[set[str]] = [set() for _ in range(width)]
    state, since = found.began, found.start_ms
    for at_ms, new in [*((one.at_ms, one.new) for one in found.transitions), (found.end_ms, found.ended)]:
        first = (since - found.start_ms) * width // span
        last = (max(at_ms - 1, since) - found.start_ms) * width // span
        for cell in cells[max(first, 0) : last + 1]:
            cell.add(state)
        state, since = new, at_ms
    return "".join(_MARKS[next((one for one in _RANK if one in cell), "OK")] for cell in cells)


def length(ms: int) -> str:
    """A length of time in its largest unit: `45 s`, `12 min`, `3.5 h`, `30 d`."""
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min")):
        if ms >= 2 * size:
            return f"{ms / size:.3g} {unit}"
    return f"{ms / 1000:.3g} s"


def short_time(ms: int) -> str:
    """`2026-11-25 10:00:15`, UTC."""
    return iso(ms // 1000 * 1000).replace("T", " ").rstrip("Z")
