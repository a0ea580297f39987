"""A run as it is shown: its hours, how busy its GPUs were, what it cost, and the largest loss that could be avoided."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.fleet.health.room import HealthReport
from trimtab.fleet.phases.pace import RankPaces
from trimtab.fleet.phases.phase import Phase
from trimtab.fleet.telemetry.devices import COUNT_ONLY
from trimtab.inventory.runs.model import Run, RunState, Stretch
from trimtab.kpis.runs.activity import Activity
from trimtab.kpis.runs.cost import Cost, RunHours
from trimtab.kpis.runs.losses import FAIR, LEAST_HOURS, Loss, LossKind, losses_of, losses_of_phases
from trimtab.kpis.runs.phases import GpuPhases
from trimtab.kpis.runs.profile import RunProfile

SETTLE_MS = 60_000
"""How long after a run's end the last samples of its GPUs may still be on their way: four scrapes of 15 s."""


class PricedLoss(Struct, frozen=True):
    """A loss, what its hours cost by currency, and a sentence for a person."""

    loss: Loss
    amounts: Mapping[str, Decimal]
    words: str


class PhaseHours(Struct, frozen=True):
    """GPU-hours in one phase, and their part of what the run cost, by currency."""

    phase: Phase
    gpu_hours: float
    amounts: Mapping[str, Decimal]


class Attempt(Struct, frozen=True):
    """Another attempt of a run: what it held, and what that cost."""

    run: Run
    gpu_hours: float
    cost: Cost


class RunReport(Struct, frozen=True):
    """Everything of a run. Hours are GPU-hours of the ledger: of its life until now, or of the span that was asked for.

    `active_hours` and `active_share` are None where the activity of no GPU is known; `unknown` then says why.
    `known_hours` are those whose activity is known. `settled`: nothing of it will change any more. `pace` is how its
    ranks compare, None where they do not tell their step times. `attempts` are the others of what was requeued.
    """

    run: Run
    wait_ms: int
    gpu_hours: float
    known_hours: float
    active_hours: float | None
    active_share: float | None
    measured_by: tuple[str, ...]
    gpus_known_by: str
    unknown: str
    cost: Cost
    losses: tuple[PricedLoss, ...]
    settled: bool
    activity: Activity | None = None
    gpu_phases: GpuPhases | None = None
    stretches: tuple[Stretch, ...] = ()
    profile: RunProfile | None = None
    health: HealthReport | None = None
    pace: RankPaces | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def whole_hours(self) -> float:
        """GPU-hours of all its attempts."""
        return self.gpu_hours + sum(one.gpu_hours for one in self.attempts)

    @property
    def phases(self) -> tuple[PhaseHours, ...]:
        """What its GPUs did, the most first: together the hours that it held, by the ledger."""
        if not self.gpu_hours or (self.gpu_phases is None and not self.slow_rank_hours):
            return ()
        known = {Phase.STRAGGLER: self.slow_rank_hours}
        if self.gpu_phases is not None:
            share = ledger_share(self.gpu_phases, self.gpu_hours)
            known = {phase: hours * share for phase, hours in self.gpu_phases.hours.items() if hours > 0}
        rest = self.gpu_hours - sum(known.values())
        if rest > 0:  # GPUs of which only the number is known, and times before the first report
            known[Phase.UNKNOWN] = known.get(Phase.UNKNOWN, 0.0) + rest
        whole = sum(known.values())
        found = [PhaseHours(phase, hours, self.cost.part(hours / whole)) for phase, hours in known.items()]
        return tuple(sorted(found, key=lambda one: -one.gpu_hours))

    @property
    def slow_rank_hours(self) -> float:
        """Of its hours those that went to a slow rank, by the step times of its ranks: a part of those it waited."""
        return hours_of_slow_rank(self.run, self.pace, self.gpu_phases, self.gpu_hours)

    def part_of_cost(self, gpu_hours: float) -> Mapping[str, Decimal]:
        """What some of its GPU-hours cost, by currency; {} where that is unknown."""
        return self.cost.part(min(gpu_hours / self.gpu_hours, 1.0)) if self.gpu_hours > 0 and gpu_hours > 0 else {}

    @property
    def largest_loss(self) -> PricedLoss | None:
        """The loss that is worth most."""
        return self.losses[0] if self.losses else None


def report_of(
    run: Run,
    activity: Activity | None,
    gpu_phases: GpuPhases | None,
    hours: RunHours,
    now_ms: int,
    stretches: Sequence[Stretch] = (),
    pace: RankPaces | None = None,
) -> RunReport:
    """The report of a run: what it held, did and cost by the ledger, and its losses by what its GPUs showed. Pure."""
    cost = hours.cost
    known = hours.known > 0
    losses = losses_of(activity) if activity is not None and activity.known_hours > 0 else ()
    if activity is not None and gpu_phases is not None:
        share = ledger_share(gpu_phases, hours.held)
        every = [replace(one, gpu_hours=one.gpu_hours * share) for one in (*losses, *losses_of_phases(gpu_phases))]
        losses = tuple(sorted(every, key=lambda one: -one.gpu_hours))
    elif (slow := hours_of_slow_rank(run, pace, None, hours.held)) >= LEAST_HOURS:
        losses = (Loss(LossKind.STRAGGLER, slow, math.ceil(run.gpus), slow / run.gpus * 3600),)
    return RunReport(
        run=run,
        wait_ms=run.wait_ms(now_ms),
        gpu_hours=hours.held,
        known_hours=hours.known,
        active_hours=hours.active if known else None,
        active_share=hours.active / hours.known if known else None,
        measured_by=activity.sources if activity is not None else (),
        gpus_known_by=activity.devices.by if activity is not None else "",
        unknown="" if known else _why_unknown(run, activity),
        cost=cost,
        losses=tuple(_priced(one, run, cost, hours.held, gpu_phases, pace) for one in losses),
        settled=run.end_ms is not None and run.end_ms + SETTLE_MS <= now_ms,
        activity=activity,
        gpu_phases=gpu_phases,
        stretches=tuple(stretches),
        pace=pace,
    )


def hours_of_slow_rank(run: Run, pace: RankPaces | None, gpu_phases: GpuPhases | None, held: float) -> float:
    """Of the hours that a run held those that went to a slow rank. Where nothing is known of its GPUs: the share of its
    life."""
    if pace is None:
        return 0.0
    if gpu_phases is not None:
        return gpu_phases.waited_hours * ledger_share(gpu_phases, held)
    begin, end = run.start_ms, run.end_ms
    last = pace.last_ms if end is None else end
    return held * pace.lost_share(begin, last) if begin is not None and run.gpus else 0.0


def ledger_share(gpu_phases: GpuPhases, held: float) -> float:
    """What of the GPU time of its devices is the run's by the ledger, which held `held` hours: all of it, or less where
    it had its GPUs together with others."""
    whole = sum(gpu_phases.hours.values())
    return min(held / whole, 1.0) if whole > 0 else 1.0


def _why_unknown(run: Run, activity: Activity | None) -> str:
    if run.start_ms is None:
        return "it has not started" if run.state is RunState.PENDING else "it never started"
    if not run.gpus:
        return "it asked for no GPU"
    if activity is None or activity.devices.by == COUNT_ONLY:
        return (
            "utilisation unknown: only the number of its GPUs is known, not which; "
            "scontrol's details, a job or pod label of the GPU metrics, or whole nodes tell"
        )
    return "its GPUs reported no activity while it ran"


def _priced(
    loss: Loss, run: Run, cost: Cost, hours: float, gpu_phases: GpuPhases | None, pace: RankPaces | None
) -> PricedLoss:
    amounts = cost.part(loss.gpu_hours / hours) if hours > 0 else {}
    if loss.kind is LossKind.HUNG and gpu_phases is not None:
        words = hung_words(loss, gpu_phases)
    elif loss.kind is LossKind.STRAGGLER and pace is not None and pace.gain:
        words = slow_words(loss, pace)
    else:
        words = sentence(loss, run)
    return PricedLoss(loss, amounts, words)


def slow_words(loss: Loss, pace: RankPaces) -> str:
    """Waiting in words, where step times tell for which rank."""
    gpus = f"{loss.gpus} GPU" + ("" if loss.gpus == 1 else "s")
    node = f" on {pace.slow_node}" if pace.slow_node else ""
    waited = f"{gpus} waited for {length_of(loss.seconds)} each for rank {pace.judgement.slow}{node}"
    return f"{waited}: steps would be {pace.gain:.1%} shorter if it were as fast as the others"


def hung_words(loss: Loss, gpu_phases: GpuPhases) -> str:
    """A hang in words: since when, on which GPU first, and what to do."""
    first = gpu_phases.hangs[0]
    since = datetime.fromtimestamp(first.start_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    times = len(gpu_phases.hangs)
    more = f", {times} times in all" if times > 1 else ""
    where = f"GPU {first.index} of {first.node} stopped first: look there" if first.stopped_first else "all at once"
    gpus = f"{loss.gpus} GPU" + ("" if loss.gpus == 1 else "s")
    return f"{gpus} ran kernels that moved no data for {length_of(loss.seconds)} from {since} on{more} ({where})"


def sentence(loss: Loss, run: Run) -> str:
    """A loss in words: what happened, for how long, and what to do about it."""
    gpus = f"{loss.gpus} GPU" + ("" if loss.gpus == 1 else "s")
    each = "" if loss.gpus == 1 else " each on average"
    length = length_of(loss.seconds)
    so_far = run.end_ms is None
    did = "have done" if so_far else "did"
    match loss.kind:
        case LossKind.NEVER_USED:
            return f"{gpus} {did} nothing for {length}: stop it, or look at why it never began"
        case LossKind.UNUSED_GPUS:
            return f"{gpus} of the run {did} nothing for {length}: ask for fewer GPUs"
        case LossKind.IDLE_START:
            return f"{gpus} idle for {length}{each} before the first work: stage data and images before the start"
        case LossKind.IDLE_TAIL:
            when = "since the last work: is it still needed?" if so_far else "after the last work: end the job then"
            return f"{gpus} idle for {length}{each} {when}"
        case LossKind.GAPS:
            return f"{gpus} idle for {length}{each} between work: look at checkpoints, evaluation and data loading"
        case LossKind.LOW_ACTIVITY:
            less = f"{loss.gpu_hours:.1f} GPU-hours less"
            return f"{loss.note}: at {FAIR:.0%} the same work needs {less}; profile data loading"
        case LossKind.OVERSIZED:
            return f"{loss.note}: ask for fewer GPUs"
        case LossKind.STRAGGLER:
            return f"{gpus} waited for slower ones for {length}{each}: look at which rank is slow"
        case LossKind.STARVED:
            return f"{gpus} waited for input for {length}{each}: look at data loading"
        case LossKind.HUNG:
            return f"{gpus} hung for {length}{each}: no rank moved any data"


def length_of(seconds: float) -> str:
    """A length of time as people say it: `12 min`, `3.5 h`, `2.1 d`."""
    if seconds < 5400:
        return f"{max(seconds / 60, 1):.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"
