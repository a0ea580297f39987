"""Words of the fleet ledger: machines, what is said of them, and what each moment of each accelerator was.

    existing = down + held + free + unknown        held = active + inactive        idle = free + inactive

A moment of an accelerator is counted in *parts*: it has `PARTS` of them, so that slices and turns are whole numbers.
Times are ms, UTC, half-open; amounts of time are part-milliseconds until they are told, as GPU-hours.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PARTS = 10_080
"""Parts of an accelerator: a multiple of 2 to 10, 12, 14, 16 and 32, so halves, sevenths (MIG) and turns are whole."""
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
NOBODY = -1


class State(IntEnum):
    """What an accelerator that exists is at a moment: one of these."""

    DOWN = 0
    """Out of use, and nobody holds it."""
    HELD = 1
    """Somebody has it, used or not, broken or not."""
    FREE = 2
    """It could be had."""
    UNKNOWN = 3
    """It exists, and nobody says whether anybody has it."""


class Said(IntEnum):
    """Who says so, the first believed before the others."""

    SCHEDULER = 0
    INVENTORY = 1
    BILL = 2
    TELEMETRY = 3
    RUN = 4
    """A run names the machine, and nothing else knows it."""

    @property
    def words(self) -> str:
        """For people."""
        return ("scheduler", "inventory", "bill", "telemetry", "run")[self]


class MachineKey(NamedTuple):
    """A machine: its account, its cluster ("" where no scheduler knows it), and its name there."""

    account: str
    cluster: str
    name: str

    @property
    def path(self) -> str:
        """`account/cluster/name`."""
        return "/".join(self)

    @classmethod
    def parse(cls, path: str) -> "MachineKey":
        """The key that a path tells."""
        account, cluster, name = path.split("/", 2)
        return cls(account, cluster, name)


class Machine(Struct, frozen=True):
    """A machine with accelerators, as far as it is known. `bill_ids`: the names by which bills may know it.

    `sliced`: its accelerators are offered several times over, to take turns on. `queue`: one whose runs it took.
    """

    key: MachineKey
    devices: int
    gpu_type: str = ""
    instance_type: str = ""
    region: str = ""
    bill_ids: tuple[str, ...] = ()
    sliced: bool = False
    queue: str = ""


class Holder(Struct, frozen=True):
    """Who holds accelerators: a run of a scheduler (`account/cluster/job`), or a workload that telemetry names."""

    name: str
    team: str
    account: str = ""


class Spans(Struct):
    """Times of devices, as columns: device, start, end; `what` a place in a list of the caller's, `rank` of whoever
    says so (the least counts), `parts` of the device, `weight` its measured share (NaN: not measured)."""

    device: Ints
    start: Ints
    end: Ints
    what: Ints
    rank: Ints
    parts: Ints
    weight: Floats

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, int]], parts: Sequence[int] = ()) -> "Spans":
        """Spans of (device, start, end, what, rank); each of the whole device unless `parts` say otherwise."""
        table = np.array(rows, np.int64).reshape(len(rows), 5)
        many = np.array(parts, np.int64) if len(parts) else np.full(len(rows), PARTS, np.int64)
        nothing = np.full(len(rows), np.nan)
        return cls(table[:, 0], table[:, 1], table[:, 2], table[:, 3], table[:, 4], many, nothing)

    @classmethod
    def of_ranges(cls, rows: Sequence[tuple[int, ...]]) -> "Spans":
        """Spans of (first device, devices, start, end, what, rank), each of the whole of every device."""
        table = np.array(rows, np.int64).reshape(len(rows), 6)
        count = table[:, 1]
        device, start, end, what, rank = (np.repeat(table[:, at], count) for at in (0, 2, 3, 4, 5))
        device += np.arange(len(device)) - np.repeat(np.cumsum(count) - count, count)
        return cls(device, start, end, what, rank, np.full(len(device), PARTS, np.int64), np.full(len(device), np.nan))

    def __len__(self) -> int:
        return len(self.device)

    def within(self, start_ms: int, end_ms: int) -> "Spans":
        """What of them lies in `[start, end)`."""
        start, end = np.maximum(self.start, start_ms), np.minimum(self.end, end_ms)
        kept = start < end
        return Spans(
            self.device[kept], start[kept], end[kept],
            self.what[kept], self.rank[kept], self.parts[kept], self.weight[kept],
        )  # fmt: skip


class Activity(Struct):
    """Activity (0 to 1, NaN where unknown) by device (row) and step of `step_ms` from `start_ms` on."""

    start_ms: int
    step_ms: int
    values: Floats

    def summed(self) -> "Activity":
        """The same added up from the start on, one column more: how much was done until each step."""
        sums = np.zeros((len(self.values), self.values.shape[1] + 1))
        np.cumsum(np.nan_to_num(self.values), axis=1, out=sums[:, 1:])
        return Activity(self.start_ms, self.step_ms, sums)


class Facts(Struct):
    """All that is said of `devices` accelerators in `[start, end)`. `what` of `down` is a place in `reasons`, of `held`
    in `holders`; of `exists` and `told` it means nothing. `told`: somebody says who has the device, if anybody."""

    start_ms: int
    end_ms: int
    devices: int
    exists: Spans
    told: Spans
    down: Spans
    held: Spans
    activity: Activity | None = None
    reasons: Sequence[str] = ()
    holders: Sequence[Holder] = ()


class Intervals(Struct):
    """What each moment was, as columns. Of one device and moment the parts add up to `PARTS`.

    `reason` (of down) and `holder` (of held) are places in the facts' lists, else NOBODY. `active` and `known` are
    part-milliseconds: of work, and those whose work is known. `stray` are those of work on what nobody held.
    `crowded`: more was held than there is, and it was cut in proportion.
    """

    device: Ints
    start: Ints
    end: Ints
    state: Ints
    reason: Ints
    holder: Ints
    parts: Ints
    said: Ints
    active: Floats
    known: Floats
    stray: Floats
    crowded: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.device)

    @property
    def amount(self) -> Ints:
        """Part-milliseconds of each."""
        return (self.end - self.start) * self.parts


class Remark(Struct, frozen=True):
    """Something said of a machine that does not fit: what, since when and until when."""

    machine: str
    text: str
    start_ms: int
    end_ms: int


class Remarks(Struct):
    """Collects remarks: nothing that was said is dropped without one."""

    found: list[Remark] = field(default_factory=list)

    def add(self, machine: str, text: str, start_ms: int, end_ms: int) -> None:
        """Note one."""
        self.found.append(Remark(machine, text, start_ms, end_ms))


def gpu_hours(part_ms: float | int) -> float:
    """Part-milliseconds as GPU-hours."""
    return float(part_ms) / (PARTS * HOUR_MS)


def unmeasured(amount: Any, known: Any) -> Floats:
    """Of what existed that of which nothing says the activity, in part-milliseconds. What is less than a GPU's
    millisecond is left by the rounding of sums: nothing."""
    rest = np.asarray(amount - known, np.float64)
    return np.where(rest < PARTS, 0.0, rest)
