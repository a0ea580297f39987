"""Times of the ledger in which an accelerator was held or down, put together over midnights."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.fleet.model import PARTS, State


class Span(Struct, frozen=True):
    """A time `[start_ms, end_ms)` in which `parts` of a device (of PARTS) were held by `holder`, or down for a
    `reason`.
    """

    machine: str
    device: int
    start_ms: int
    end_ms: int
    state: State
    holder: str = ""
    reason: str = ""
    parts: int = PARTS

    def gpu_ms(self, start_ms: int, end_ms: int) -> float:
        """GPU-milliseconds of it within a range."""
        inside = min(self.end_ms, end_ms) - max(self.start_ms, start_ms)
        return max(inside, 0) * self.parts / PARTS


def spans_of(rows: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Rows of the query `spans` as spans: those of a device that follow each other and say the same are one."""
    groups: dict[tuple[Any, ...], list[Span]] = defaultdict(list)
    for row in rows:
        span = Span(
            row["machine"], row["device"], row["start"], row["end"],
            State(row["state"]), row["holder"], row["reason"], row["parts"],
        )  # fmt: skip
        groups[span.machine, span.device, span.state, span.holder, span.reason, span.parts].append(span)
    return sorted(
        (one for some in groups.values() for one in _joined(some)),
        key=lambda one: (one.machine, one.device, one.start_ms, one.end_ms, one.holder),
    )


def _joined(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start_ms):
        if found and span.start_ms <= found[-1].end_ms:
            found[-1] = replace(found[-1], end_ms=max(found[-1].end_ms, span.end_ms))
        else:
            found.append(span)
    return found


class SpanIndex:
    """Finds spans by device, and by holder."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._devices: dict[str, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
        self._holders: dict[str, list[Span]] = defaultdict(list)
        for span in sorted(spans, key=lambda one: one.start_ms):
            self._devices[span.machine][span.device].append(span)
            if span.state is State.HELD:
                self._holders[span.holder].append(span)

    def of(self, machine: str, device: int | None) -> list[Span]:
        """The spans of a device, of all devices of the machine where none is named, by start."""
        devices = self._devices.get(machine, {})
        if device is not None:
            return list(devices.get(device, ()))
        return sorted((one for some in devices.values() for one in some), key=lambda one: one.start_ms)

    def of_holder(self, holder: str) -> list[Span]:
        """Everything that a holder had, by start."""
        return list(self._holders.get(holder, ()))

    @property
    def holders(self) -> list[str]:
        """Everybody who held anything."""
        return sorted(self._holders)
