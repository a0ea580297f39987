"""What faults did to runs: which they ended, which went on. Pure.

    ended      a fatal fault came while the run held the device, and the run failed within WITHIN_MS after it
    requeued   the same, but the run left the device and goes on elsewhere or later, or its program started again
    own error  a fault that asks the program to start again, and the run failed within WITHIN_MS: no loss is charged
    went on    the run was there, and nothing of this happened
    nobody     nobody held the device

Meta attributes a failure to what was detected in the last 10 minutes of a run, or in the 5 minutes after it (Kokolis et
al., "Revisiting Reliability in Large-Scale Machine Learning Research Clusters", 2024); the same times are taken here.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from trimtab.base.records import replace
from trimtab.fleet.health.fault import Fault, Severity
from trimtab.fleet.health.spans import Span, SpanIndex
from trimtab.fleet.model import State
from trimtab.inventory.runs.attempts import is_earlier
from trimtab.inventory.runs.model import Run, RunState

WITHIN_MS = 600_000
"""How long after a fault a run that it ends may take to fail: time-outs of collectives are 10 minutes (PyTorch)."""
TOLD_LATE_MS = 300_000
"""How long after a run's end a fault may be told that ended it."""
FAILED = frozenset({RunState.FAILED, RunState.NODE_FAILED, RunState.LOST})
"""How runs end that something ended: not cancelled, preempted, out of time or out of memory."""


class Effect(StrEnum):
    """What a fault did to who held the device."""

    ENDED = "ended"
    REQUEUED = "requeued"
    OWN_ERROR = "own error"
    WENT_ON = "went on"
    NOBODY = "nobody"


ENDING = frozenset({Effect.ENDED, Effect.REQUEUED})


class Milestones(Struct, frozen=True):
    """When a run saved whole checkpoints, and when its program started again (ms), as it told of itself."""

    saved_ms: tuple[int, ...] = ()
    restarted_ms: tuple[int, ...] = ()


NO_MILESTONES = Milestones()


class Holding(Struct, frozen=True):
    """Runs by holder's name, what they told of themselves by the same, and until when the ledger is known (ms).

    `by_workload` are runs by the name that telemetry has for them: of a run that was put back into its queue the
    scheduler forgets the earlier attempt, and labels do not.
    """

    runs: Mapping[str, Run]
    until_ms: int
    milestones: Mapping[str, Milestones] = field(default_factory=dict)

    def run(self, holder: str) -> Run | None:
        """The run of a holder: its own, else the one of the job that telemetry names."""
        own = self.runs.get(holder)
        if own is not None or holder.count("/") < 2:
            return own
        account, cluster, name = holder.split("/", 2)
        if cluster:
            return None
        return next((one for one in self.runs.values() if one.key.account == account and one.key.job == name), None)

    def told(self, holder: str) -> Milestones:
        """What the run of a holder told of itself."""
        return self.milestones.get(holder, NO_MILESTONES)


class Impact(Struct, frozen=True, kw_only=True):
    """A fault and one holder of its device. `began_ms` is when this attempt of the run began, `ended_ms` when it was
    over (None: it was not). `counts`: it is the first of the faults that ended this attempt, which carries its loss.
    """

    fault: Fault
    effect: Effect
    holder: str = ""
    run: Run | None = None
    began_ms: int | None = None
    ended_ms: int | None = None
    counts: bool = False


def impacts_of(faults: Sequence[Fault], spans: SpanIndex, holding: Holding) -> list[Impact]:
    """What each fault did, in order of time; a fault of a device that several held has several."""
    found: list[Impact] = []
    carried: set[tuple[str, int | None]] = set()
    for fault in sorted(faults, key=lambda one: (one.at_ms, one.since_ms)):
        holders = _holders(fault, spans, holding)
        if not holders:
            found.append(Impact(fault=fault, effect=Effect.NOBODY))
        for span in holders:
            impact = _impact(fault, span, spans, holding)
            attempt = impact.holder, impact.ended_ms
            if impact.effect in ENDING and attempt not in carried:
                carried.add(attempt)
                impact = replace(impact, counts=True)
            found.append(impact)
    return found


def _holders(fault: Fault, spans: SpanIndex, holding: Holding) -> list[Span]:
    """Of each holder of the device when the fault came its last span there; where nobody had it, of who had left it
    just before and failed.
    """
    mine = [one for one in spans.of(fault.machine, fault.device) if one.state is State.HELD]
    there = [one for one in mine if one.start_ms <= fault.at_ms and one.end_ms > fault.since_ms]
    if not there:
        there = [
            one
            for one in mine
            if fault.since_ms - TOLD_LATE_MS <= one.end_ms <= fault.since_ms and _failed(holding.run(one.holder))
        ]
    return list({one.holder: one for one in there}.values())


def _failed(run: Run | None) -> bool:
    return run is not None and run.state in FAILED


def _impact(fault: Fault, span: Span, spans: SpanIndex, holding: Holding) -> Impact:
    run, told = holding.run(span.holder), holding.told(span.holder)
    last = [one for one in spans.of(fault.machine, span.device) if one.holder == span.holder]
    left_ms = max((one.end_ms for one in last if one.start_ms <= span.end_ms), default=span.end_ms)
    whole = spans.of_holder(span.holder)
    began_ms = min((one.start_ms for one in whole), default=span.start_ms)
    if run is not None and run.start_ms is not None and run.start_ms <= fault.at_ms:
        began_ms = max(began_ms, run.start_ms)

    def impact(effect: Effect, ended_ms: int | None = None) -> Impact:
        return Impact(
            fault=fault, effect=effect, holder=span.holder, run=run, began_ms=began_ms, ended_ms=ended_ms
        )  # fmt: skip

    failed_ms = _failed_at(run, fault, left_ms)
    if fault.severity is Severity.APPLICATION:
        return impact(Effect.OWN_ERROR, failed_ms) if failed_ms is not None else impact(Effect.WENT_ON)
    if fault.severity is not Severity.FATAL:
        return impact(Effect.WENT_ON)
    if failed_ms is not None:
        return impact(Effect.ENDED, failed_ms)
    again = [one for one in told.restarted_ms if fault.since_ms < one <= fault.at_ms + WITHIN_MS]
    if again:
        return impact(Effect.REQUEUED, min(again))
    left = left_ms < holding.until_ms and _soon(fault, left_ms)
    if run is None:
        return impact(Effect.ENDED, left_ms) if left else impact(Effect.WENT_ON)
    goes_on = (
        is_earlier(run.key)
        or run.open
        or (run.end_ms is not None and run.end_ms > left_ms)
        or (run.start_ms or 0) >= left_ms
    )
    return impact(Effect.REQUEUED, left_ms) if left and goes_on else impact(Effect.WENT_ON)


def _failed_at(run: Run | None, fault: Fault, left_ms: int) -> int | None:
    """When the run failed by the fault, None where it did not: it must still have been at this attempt."""
    if run is None or not _failed(run) or run.end_ms is None:
        return None
    ended_ms = min(run.end_ms, left_ms) if _soon(fault, left_ms) else run.end_ms
    return ended_ms if _soon(fault, run.end_ms) else None


def _soon(fault: Fault, ended_ms: int) -> bool:
    return fault.since_ms - TOLD_LATE_MS <= ended_ms <= fault.at_ms + WITHIN_MS
