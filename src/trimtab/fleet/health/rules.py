"""When a machine or a GPU is to be cordoned, drained, reset or sent back: by what is known at a moment. Pure.

reset    a fault for which NVIDIA asks to reset the GPU
drain    a fault for which NVIDIA asks to restart the machine: its runs end first
cordon   the machine is a lemon by all its incidents, or by those that ended runs
RMA      remapping of rows failed, or REPEATS faults of hardware of one GPU within REPEATS_MS, each of which came
         after the GPU had worked again (NVIDIA asks to reset first, and to send back what fails again)
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from trimtab.fleet.health.fault import Fault, FaultKind, Severity
from trimtab.fleet.health.impact import ENDING
from trimtab.fleet.health.lemons import LEAST_INCIDENTS, Ranking, incidents_of, ranked
from trimtab.fleet.health.loss import DOWN_WITHIN_MS, Harm
from trimtab.fleet.health.spans import SpanIndex
from trimtab.fleet.model import DAY_MS, State

REPEATS = 3
"""Faults of hardware of one GPU from which on it is to go back: the first asks for a reset, the second may be bad luck
of that reset, the third is the part."""
REPEATS_MS = 30 * DAY_MS


class ActionKind(StrEnum):
    """What to do with a machine or a GPU."""

    CORDON = "cordon"
    DRAIN = "drain"
    RESET = "reset"
    RMA = "RMA"


class Due(Struct, frozen=True):
    """A rule that fired at `at_ms`: what to do with a machine, or with one of its devices, and why."""

    kind: ActionKind
    machine: str
    device: int | None
    at_ms: int
    why: str
    fault: Fault


class Exposure(Struct, frozen=True):
    """GPU-days of machines that were not down, by day (since 1970), and their accelerators."""

    days: Mapping[str, Mapping[int, float]]
    devices: Mapping[str, int] = field(default_factory=dict)

    def until(self, at_ms: int) -> dict[str, float]:
        """By machine its GPU-days until a moment; of the day that the moment is in all of its accelerators count."""
        today, part = divmod(at_ms, DAY_MS)
        found = {}
        for machine, days in self.days.items():
            whole = sum(amount for day, amount in days.items() if day < today)
            begun = part / DAY_MS * self.devices.get(machine, 0) if any(day <= today for day in days) else 0.0
            found[machine] = whole + begun
        return found


class History(Struct, frozen=True):
    """What happened, and until when it is known."""

    faults: Sequence[Fault]
    harms: Sequence[Harm]
    exposure: Exposure
    spans: SpanIndex
    until_ms: int

    def ending(self, at_ms: int) -> list[Fault]:
        """The faults of which it was known at a moment that they had ended a run."""
        return [
            one.impact.fault
            for one in self.harms
            if one.impact.counts and one.impact.effect in ENDING and known_ms(one) <= at_ms
        ]


class Rankings(Struct, frozen=True):
    """Machines by the rate of all their incidents, and of those that ended runs."""

    every: Ranking
    ending: Ranking

    @property
    def lemons(self) -> list[str]:
        """Lemons by either."""
        return list(dict.fromkeys((*self.ending.lemons, *self.every.lemons)))


def known_ms(harm: Harm) -> int:
    """When it was known that a fault had ended a run."""
    return max(harm.impact.fault.at_ms, harm.impact.ended_ms or 0)


def rankings_at(history: History, at_ms: int, only: str = "") -> Rankings:
    """The machines (or the machine `only` beside all) as they rank by what was known at a moment."""
    gpu_days = history.exposure.until(at_ms)
    every = incidents_of([one for one in history.faults if one.at_ms <= at_ms])
    ending = incidents_of(history.ending(at_ms))
    return Rankings(
        ranked({name: len(some) for name, some in every.items()}, gpu_days, only),
        ranked({name: len(some) for name, some in ending.items()}, gpu_days, only),
    )


def due_within(history: History) -> list[Due]:
    """Every time that a rule fired, in order; each by what was known at its moment alone."""
    moments: dict[tuple[str, int], Fault] = {}
    for fault in history.faults:
        if fault.severity in (Severity.FATAL, Severity.DEGRADED):
            moments.setdefault((fault.machine, fault.at_ms), fault)
    for harm in history.harms:
        if harm.impact.counts:
            moments.setdefault((harm.impact.fault.machine, known_ms(harm)), harm.impact.fault)
    found = [*_asked(history.faults), *_sent_back(history)]
    found += _cordoned(history, sorted((at_ms, machine, fault) for (machine, at_ms), fault in moments.items()
                                       if at_ms <= history.until_ms))  # fmt: skip
    return sorted(
        found, key=lambda one: (one.at_ms, one.machine, one.kind, one.device if one.device is not None else -1)
    )


def _asked(faults: Sequence[Fault]) -> list[Due]:
    """What NVIDIA's catalogue asks for."""
    found = []
    for fault in faults:
        if not fault.needs_reset:
            continue
        of_gpu = fault.action == "RESET_GPU"
        kind = ActionKind.RESET if of_gpu else ActionKind.DRAIN
        device = fault.device if of_gpu else None
        found.append(Due(kind, fault.machine, device, fault.at_ms, _words(fault), fault))
    return found


def _words(fault: Fault) -> str:
    where = f" on GPU {fault.device}" if fault.device is not None else ""
    return f"{fault.name}{where}" + (f": {fault.meaning}" if fault.meaning else "")


def _sent_back(history: History) -> list[Due]:
    by_gpu: dict[tuple[str, int], list[Fault]] = defaultdict(list)
    for fault in sorted(history.faults, key=lambda one: one.at_ms):
        if fault.device is not None and fault.severity is Severity.FATAL and fault.of_hardware:
            by_gpu[fault.machine, fault.device].append(fault)
    found = []
    for (machine, device), faults in by_gpu.items():
        repeats: list[Fault] = []
        for fault in faults:
            if fault.kind is FaultKind.ROWS_FAILED:
                found.append(Due(ActionKind.RMA, machine, device, fault.at_ms, _words(fault), fault))
                continue
            repeats = [one for one in repeats if fault.at_ms - one.at_ms <= REPEATS_MS]
            if repeats and not _worked_between(history.spans, repeats[-1], fault):
                continue  # one fault that is told again
            repeats.append(fault)
            if len(repeats) >= REPEATS:
                names = Counter(one.name for one in repeats)
                told = ", ".join(f"{count} × {name}" for name, count in names.items())
                why = f"{told} on GPU {device} within 30 days, each after it had worked again"
                found.append(Due(ActionKind.RMA, machine, device, fault.at_ms, why, fault))
    return found


def _worked_between(spans: SpanIndex, before: Fault, after: Fault) -> bool:
    """Whether somebody began to hold the device after a fault and before the next."""
    return any(
        one.state is State.HELD and before.at_ms < one.start_ms <= after.at_ms
        for one in spans.of(after.machine, after.device)
    )


def _cordoned(history: History, moments: Sequence[tuple[int, str, Fault]]) -> list[Due]:
    every = incidents_of(history.faults)
    found = []
    for at_ms, machine, fault in moments:
        if sum(one <= at_ms for one in every.get(machine, ())) < LEAST_INCIDENTS:
            continue
        rankings = rankings_at(history, at_ms, machine)
        if why := lemon_words(rankings, machine):
            found.append(Due(ActionKind.CORDON, machine, None, at_ms, why, fault))
    return found


def lemon_words(rankings: Rankings, machine: str) -> str:
    """Why a machine is a lemon; "" where it is none."""
    for ranking, what in ((rankings.ending, "incidents that ended runs"), (rankings.every, "incidents")):
        rate = ranking.rates.get(machine)
        if rate is not None and rate.lemon and ranking.fleet_rate:
            return (
                f"{rate.incidents} {what} in {rate.gpu_days:,.0f} GPU-days: {rate.low / ranking.fleet_rate:.1f} to "
                f"{rate.high / ranking.fleet_rate:.1f} times the fleet's rate (90 % interval)"
            )
    return ""


def done_since(spans: SpanIndex, fault: Fault) -> bool:
    """Whether the device went down after a fault, so that what was asked for was done: at the latest when its run had
    ended.
    """
    return over_ms(spans, fault) is not None


def over_ms(spans: SpanIndex, fault: Fault) -> int | None:
    """When the device was up again after it had gone down for a fault; None where it did not go down."""
    ends = (
        one.end_ms
        for one in spans.of(fault.machine, fault.device)
        if one.state is State.DOWN and fault.since_ms <= one.start_ms <= fault.at_ms + DOWN_WITHIN_MS
    )
    return max(ends, default=None)
