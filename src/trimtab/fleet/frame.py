"""`Frame`: a range of the ledger as columns, and its sums. Every figure of GPU time is a sum over one.

existing = down + held + free + unknown
held     = active + inactive + unmeasured (held by somebody, and nothing measures the GPU)
idle     = free + inactive
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.base.records import replace
from trimtab.fleet.basis import Basis
from trimtab.fleet.model import Floats, Ints, State, gpu_hours, unmeasured
from trimtab.fleet.money import DayCost, MachineFacts

UNOWNED = "unowned"
"""The team of what is held by somebody who has none."""
NOBODY_HELD = "(held by nobody)"
"""The row of what nobody held: free, down, or unknown."""
DIGITS = Decimal("0.000000000001")
"""To what part of a coin shares of amounts are told."""


class Frame(Struct, frozen=True):
    """Rows of `[start, end)`, one a bucket of `step_ms`, machine, state, reason and holder.

    `bucket` is the start of its bucket in ms, `day` its day. `machine`, `reason`, `holder` and `team` are places in
    `machines`, `reasons`, `holders` and `teams` ("" among them for none). Amounts are part-milliseconds: `assumed` of
    those that a holder has without anybody saying which device it was.
    """

    start_ms: int
    end_ms: int
    bucket: Ints
    day: Ints
    machine: Ints
    state: Ints
    reason: Ints
    holder: Ints
    team: Ints
    amount: Ints
    active: Floats
    known: Floats
    stray: Floats
    assumed: Ints
    machines: Sequence[str]
    reasons: Sequence[str]
    holders: Sequence[str]
    teams: Sequence[str]
    facts: Mapping[str, MachineFacts] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.bucket)

    def where(self, kept: npt.NDArray[np.bool_]) -> "Frame":
        """The rows that are kept."""
        columns = ("bucket", "day", "machine", "state", "reason", "holder", "team", "amount", "active", "known",
                   "stray", "assumed")  # fmt: skip
        return replace(self, **{name: getattr(self, name)[kept] for name in columns})

    def owner_names(self) -> list[str]:
        """Of each row its team; what nobody holds is nobody's."""
        return [
            (self.teams[team] or UNOWNED) if state == State.HELD else NOBODY_HELD
            for team, state in zip(self.team.tolist(), self.state.tolist(), strict=True)
        ]


class Totals(Struct, frozen=True):
    """GPU-hours of a group. `assumed` are held ones of which nobody says which GPU it was."""

    existing: float = 0.0
    down: float = 0.0
    held: float = 0.0
    free: float = 0.0
    unknown: float = 0.0
    active: float = 0.0
    unmeasured: float = 0.0
    stray: float = 0.0
    assumed: float = 0.0
    known: float = 0.0
    """Hours of which telemetry says the activity, held or not."""

    @property
    def inactive(self) -> float:
        """Held, measured, and not at work."""
        return max(self.held - self.active - self.unmeasured, 0.0)

    @property
    def idle(self) -> float:
        """Could have worked and did not: free and inactive."""
        return self.free + self.inactive

    @property
    def active_share(self) -> float | None:
        """Active ÷ existing; None where nothing existed, nobody says who had it, or nothing measures who did."""
        up = self.existing - self.down
        told = self.measured if self.held > 0 else self.unknown < up or up <= 0
        return self.active / self.existing if self.existing and told else None

    @property
    def held_share(self) -> float | None:
        """Held ÷ existing."""
        return self.held / self.existing if self.existing else None

    @property
    def measured(self) -> float | None:
        """The share of the held hours whose activity is measured; None where nothing was held."""
        return (self.held - self.unmeasured) / self.held if self.held else None

    @property
    def busy_share(self) -> float | None:
        """Active ÷ (held and measured): how busy the GPUs were while held. None where none of it is measured."""
        known = self.held - self.unmeasured
        return self.active / known if known > 0 else None


class HeldHours(NamedTuple):
    """GPU-hours that a holder had of an accelerator, with its team."""

    holder: str
    team: str
    hours: float


class HeldStep(NamedTuple):
    """A moment (ms) at which a holder of a team took accelerators, or let some go where `gpus` are negative."""

    at_ms: int
    holder: str
    team: str
    gpus: float


class DeviceHours(Struct, frozen=True):
    """An accelerator over a range: its hours, what it is at the end (`state`, and why where it is down), and who held
    it last, with the team; until when it is known (ms). `held_by`: everybody who held it, by name."""

    machine: str
    device: int
    totals: Totals
    state: State
    reason: str
    holder: str
    team: str
    until_ms: int
    held_by: tuple[HeldHours, ...] = ()


class DeviceCost(Struct, frozen=True):
    """What an accelerator cost over a range by currency; the part of that in which it was idle, and of that free."""

    amounts: Mapping[str, Decimal]
    idle: Mapping[str, Decimal]
    free: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def inactive(self) -> dict[str, Decimal]:
        """What it cost while it was held and did not work."""
        return {currency: amount - self.free.get(currency, Decimal(0)) for currency, amount in self.idle.items()}


def totals(frame: Frame) -> Totals:
    """The sums of a whole frame."""
    return grouped(frame, np.zeros(len(frame), np.int64), 1)[0]


def grouped(frame: Frame, group: Ints, groups: int) -> list[Totals]:
    """The sums of each group of rows, by its number."""

    def of(values: Floats, state: State | None = None) -> Floats:
        if state is not None:
            values = np.where(frame.state == state, values, 0)
        return np.asarray(np.bincount(group, weights=values, minlength=groups), np.float64)

    # Whole numbers: the states add up to what existed, to the millisecond.
    whole = np.zeros((len(State), groups), np.int64)
    np.add.at(whole, (frame.state, group), frame.amount)
    columns = {
        "existing": np.sum(whole, axis=0),
        "down": whole[State.DOWN],
        "held": whole[State.HELD],
        "free": whole[State.FREE],
        "unknown": whole[State.UNKNOWN],
        "active": of(frame.active, State.HELD),
        "unmeasured": of(unmeasured(frame.amount, frame.known), State.HELD),
        "stray": of(frame.stray),
        "known": of(frame.known),
        "assumed": of(frame.assumed.astype(np.float64), State.HELD),
    }
    return [Totals(**{name: gpu_hours(values[at]) for name, values in columns.items()}) for at in range(groups)]


def by_name(frame: Frame, names: Sequence[str]) -> dict[str, Totals]:
    """The sums by the name of each row, in order of names."""
    known = sorted(set(names))
    place = {name: at for at, name in enumerate(known)}
    group = np.array([place[name] for name in names], np.int64)
    return dict(zip(known, grouped(frame, group, len(known)), strict=True))


def by_team(frame: Frame) -> dict[str, Totals]:
    """The sums by team; what nobody holds is a row of its own."""
    return by_name(frame, frame.owner_names())


def by_machine(frame: Frame) -> dict[str, Totals]:
    """The sums by machine's path."""
    return dict(zip(frame.machines, grouped(frame, frame.machine, len(frame.machines)), strict=True))


class Costed(Struct, frozen=True):
    """A frame with what its rows cost on one basis: each entry is a row's place, a currency and an amount; the entries
    of a machine's whole day add up to what that day cost, to the last digit.

    `estimated`: by entry, whether no bill has the day yet. `unpriced` rows have no price; `reasons` say why, by
    machine. `leftover`: by currency what bills say of known machines on days on which they did not exist; `elsewhere`:
    what they say of machine time that is no machine's of the ledger. Neither is in an entry, and neither is lost.
    """

    frame: Frame
    basis: Basis
    row: Ints
    currency: Sequence[str]
    amount: Sequence[Decimal]
    estimated: npt.NDArray[np.bool_]
    unpriced: npt.NDArray[np.bool_]
    reasons: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, DayCost] = field(default_factory=dict)
    leftover: Mapping[str, Decimal] = field(default_factory=dict)
    elsewhere: Mapping[str, Decimal] = field(default_factory=dict)
    closed_ms: int = 0
    error: float | None = None

    def sums(self, rows: npt.NDArray[np.bool_] | None = None) -> dict[str, Decimal]:
        """What rows (all where none are named) cost by currency."""
        return self.by(lambda at: "", rows).get("", {})

    def by(
        self, name: Callable[[int], str], rows: npt.NDArray[np.bool_] | None = None
    ) -> dict[str, dict[str, Decimal]]:
        """What rows cost by a name of each row's place, and currency."""
        found: dict[str, dict[str, Decimal]] = {}
        for at, currency, amount in zip(self.row.tolist(), self.currency, self.amount, strict=True):
            if rows is None or rows[at]:
                sums = found.setdefault(name(at), {})
                sums[currency] = sums.get(currency, Decimal(0)) + amount
        return found

    def idle(self) -> npt.NDArray[np.float64]:
        """Of each row the share of it that was idle: all that was free; of what was held, what was measured and did
        not work."""
        frame = self.frame
        held = np.maximum(frame.known - frame.active, 0.0) / np.maximum(frame.amount, 1)
        return np.where(frame.state == State.FREE, 1.0, np.where(frame.state == State.HELD, held, 0.0))

    def idle_sums(self, rows: npt.NDArray[np.bool_] | None = None) -> dict[str, Decimal]:
        """What idle time cost by currency: of each row by its idle share."""
        return self.idle_by(lambda at: "", rows).get("", {})

    def idle_sums_of(self, entries: npt.NDArray[np.bool_]) -> dict[str, Decimal]:
        """What idle time cost by currency, of some entries alone: those that are estimated, say."""
        some = np.flatnonzero(entries).tolist()
        part = replace(
            self,
            row=self.row[entries],
            currency=[self.currency[at] for at in some],
            amount=[self.amount[at] for at in some],
            estimated=self.estimated[entries],
        )
        return part.idle_sums()

    def idle_by(
        self, name: Callable[[int], str], rows: npt.NDArray[np.bool_] | None = None
    ) -> dict[str, dict[str, Decimal]]:
        """What idle time cost by a name of each row's place, and currency."""
        share = self.idle()
        found: dict[str, dict[str, Decimal]] = {}
        for at, currency, amount in zip(self.row.tolist(), self.currency, self.amount, strict=True):
            if share[at] and (rows is None or rows[at]):
                sums = found.setdefault(name(at), {})
                sums[currency] = sums.get(currency, Decimal(0)) + amount * Decimal(repr(float(share[at])))
        return {key: {one: amount.quantize(DIGITS) for one, amount in sums.items()} for key, sums in found.items()}
