"""A run's profile in money: where the time of its GPUs went, which kernels and which rank cost most, and what to do.

A profile is of some steps. Its shares of time are applied to the run's cost by the fleet's ledger: what the whole run
spent if all of it went as the profiled steps did.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from trimtab.kpis.runs.cost import Cost
from trimtab.profiles.imports import notes_of
from trimtab.profiles.model import Breakdown, DeviceProfile, KernelTotal, Kind
from trimtab.profiles.ranks import RankJudgement, of_profiles
from trimtab.profiles.store import RunProfiles
from trimtab.profiles.stragglers import Cause, StragglerReport

TOP = 8
"""Kernels that are shown."""
WORTH_IT = {"idle": 0.1, "exposed communication": 0.1, "exposed copies": 0.05}
"""From which share of the window on something is advised: less is within what two profiles of one job differ by, and
copies are the easiest to hide."""


class Use(StrEnum):
    """What a GPU did at a moment. Communication and copies count only where nothing hides them."""

    COMPUTE = "compute"
    COMMUNICATION = "exposed communication"
    COPIES = "exposed copies"
    IDLE = "idle"


class UseShare(Struct, frozen=True):
    """A share (0 to 1) of the profiled time, and what it cost by currency."""

    use: Use
    share: float
    amounts: Mapping[str, Decimal]


class ProfiledGpu(Struct, frozen=True, kw_only=True):
    """A GPU: its rank (None: unknown), its window in seconds, and where the time went. `amounts` are of its part of the
    run's cost: the cost ÷ the GPUs of the run.
    """

    rank: int | None
    device: str
    gpu: str
    file: str
    window_s: float
    uses: tuple[UseShare, ...]
    hidden_share: float | None
    steps: int
    step_s: float | None
    own_step_s: float | None

    @property
    def amounts(self) -> Mapping[str, Decimal]:
        """Its part of the run's cost."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for use in self.uses:
            for currency, amount in use.amounts.items():
                found[currency] += amount
        return found


class ProfiledKernel(Struct, frozen=True, kw_only=True):
    """A kernel over all GPUs: `share` is of their windows; kernels that run beside each other each count in full."""

    kind: Kind
    name: str
    count: int
    total_s: float
    share: float
    amounts: Mapping[str, Decimal]


class ProfiledStragglers(Struct, frozen=True):
    """What-if analysis of a job's operations, and what its stragglers and their cause alone cost."""

    file: str
    report: StragglerReport
    amounts: Mapping[str, Decimal]
    cause_amounts: Mapping[str, Decimal]
    words: str


class RunProfile(Struct, frozen=True, kw_only=True):
    """All that is kept of a run's profiles. `uses` are of all its GPUs, empty where no file has GPU events."""

    imported_ms: int
    files: int
    ranks: int
    world_size: int | None
    uses: tuple[UseShare, ...]
    gpus: tuple[ProfiledGpu, ...]
    kernels: tuple[ProfiledKernel, ...]
    judgement: RankJudgement | None
    slow_amounts: Mapping[str, Decimal]
    stragglers: tuple[ProfiledStragglers, ...]
    advice: tuple[str, ...]
    notes: tuple[str, ...]


def profile_of(kept: RunProfiles, cost: Cost, gpus: float) -> RunProfile:
    """The profile of a run that cost `cost` and has `gpus` GPUs. Pure."""
    traces = [one.trace for one in kept.files if one.trace is not None]
    devices = [(trace.file, device) for trace in traces for device in trace.devices]
    windows = [device.breakdown.window_us for _, device in devices]
    whole = sum(windows)
    uses = _split(cost, 1.0, _shares([device.breakdown for _, device in devices])) if whole > 0 else ()
    part = 1 / max(gpus, len(devices), 1)
    judgement = of_profiles(traces) if len(traces) > 1 else None
    stragglers = tuple(_straggling(one.file, one.stragglers, cost) for one in kept.files if one.stragglers is not None)
    world = [trace.world_size for trace in traces if trace.world_size is not None]
    slow_amounts = cost.part(judgement.gain) if judgement is not None and judgement.slow is not None else {}
    return RunProfile(
        imported_ms=kept.imported_ms,
        files=len(kept.files),
        ranks=len({(file, device.rank) for file, device in devices}),
        world_size=max(world, default=None),
        uses=uses,
        gpus=tuple(sorted((_gpu(file, device, cost, part) for file, device in devices), key=_order)),
        kernels=_kernels([device for _, device in devices], whole, cost),
        judgement=judgement,
        slow_amounts=slow_amounts,
        stragglers=stragglers,
        advice=_advice(uses, judgement, stragglers),
        notes=tuple(note for one in kept.files for note in notes_of(one)),
    )


def _shares(breakdowns: Sequence[Breakdown]) -> dict[Use, float]:
    """Of the windows together."""
    whole = sum(one.window_us for one in breakdowns)
    times = {
        Use.COMPUTE: sum(one.compute_us for one in breakdowns),
        Use.COMMUNICATION: sum(one.exposed_communication_us for one in breakdowns),
        Use.COPIES: sum(one.exposed_memory_us for one in breakdowns),
        Use.IDLE: sum(one.idle_us for one in breakdowns),
    }
    return {use: max(time, 0.0) / whole for use, time in times.items()}


def _split(cost: Cost, part: float, shares: Mapping[Use, float]) -> tuple[UseShare, ...]:
    """A part of the cost by use; the largest use takes what rounding leaves, so that they add up to it."""
    amounts = {use: dict(cost.part(part * share)) for use, share in shares.items()}
    largest = max(shares, key=lambda use: shares[use])
    for currency, whole in cost.part(part).items():
        others = sum((amounts[use][currency] for use in shares if use is not largest), Decimal())
        amounts[largest][currency] = whole - others
    return tuple(UseShare(use, share, amounts[use]) for use, share in shares.items())


def _gpu(file: str, device: DeviceProfile, cost: Cost, part: float) -> ProfiledGpu:
    breakdown, steps = device.breakdown, device.steps
    shares = _shares([breakdown]) if breakdown.window_us > 0 else {}
    return ProfiledGpu(
        rank=device.rank,
        device=device.device,
        gpu=device.gpu,
        file=file,
        window_s=breakdown.window_us / 1e6,
        uses=_split(cost, part, shares) if shares else (),
        hidden_share=breakdown.hidden_share,
        steps=len(steps),
        step_s=sum(one.length_us for one in steps) / len(steps) / 1e6 if steps else None,
        own_step_s=sum(one.own_us for one in steps) / len(steps) / 1e6 if steps else None,
    )


def _order(one: ProfiledGpu) -> tuple[bool, int, str, str]:
    return one.rank is None, one.rank or 0, one.file, one.device


def _kernels(devices: Sequence[DeviceProfile], whole_us: float, cost: Cost) -> tuple[ProfiledKernel, ...]:
    found: dict[tuple[Kind, str], list[KernelTotal]] = defaultdict(list)
    for device in devices:
        for kernel in device.kernels:
            found[kernel.kind, kernel.name].append(kernel)
    rows = []
    for (kind, name), totals in found.items():
        total_us = sum(one.total_us for one in totals)
        share = total_us / whole_us if whole_us > 0 else 0.0
        rows.append(
            ProfiledKernel(
                kind=kind,
                name=name,
                count=sum(one.count for one in totals),
                total_s=total_us / 1e6,
                share=share,
                amounts=cost.part(share),
            )
        )
    return tuple(sorted(rows, key=lambda one: -one.total_s)[:TOP])


def _straggling(file: str, report: StragglerReport, cost: Cost) -> ProfiledStragglers:
    slowest = report.slowest[0]
    shorter = f"steps would be {report.cause_gain:.1%} shorter"
    match report.cause:
        case Cause.NONE:
            words = "no straggler to speak of"
        case Cause.WORKER:
            words = (
                f"{shorter} if rank {slowest.rank} (dp {slowest.dp_rank}, stage {slowest.stage}) worked as others do:"
                " look at its node's clocks, errors and neighbours, or replace it"
            )
        case Cause.LAST_STAGE:
            words = f"{shorter} if the last pipeline stage took as long as others: give it fewer layers"
        case Cause.DATA:
            words = (
                f"{shorter} if microbatches were of even length: sort or pack sequences so that ranks get like amounts"
            )
        case Cause.MIXED:
            words = (
                f"stragglers cost {report.gain:.1%} of a step, for no single cause: stage {report.by_stage[0].key} and"
                f" rank {slowest.rank} are the slowest"
            )
    return ProfiledStragglers(file, report, cost.part(report.gain), cost.part(max(report.cause_gain, 0.0)), words)


def _advice(
    uses: Sequence[UseShare], judgement: RankJudgement | None, stragglers: Sequence[ProfiledStragglers]
) -> tuple[str, ...]:
    """What to do, the largest first."""
    said = {
        Use.IDLE: "its GPUs wait for the host: more data-loader workers, prefetching, fewer small kernels (CUDA graphs,"
        " torch.compile)",
        Use.COMMUNICATION: "collectives run while nothing computes: overlap them (bucket sizes, prefetch of shards), or"
        " place ranks nearer to each other",
        Use.COPIES: "copies run while nothing else does: pinned memory, non_blocking=True, prefetching to the device",
    }
    worth = [one for one in uses if one.use in said and one.share >= WORTH_IT[one.use.value]]
    lines = [f"{one.use.value} {one.share:.0%}: {said[one.use]}" for one in sorted(worth, key=lambda one: -one.share)]
    if judgement is not None and judgement.slow is not None:
        lines.insert(0, f"{judgement.words}: look at its node's clocks, errors and neighbours")
    return (*(one.words for one in stragglers if one.report.cause is not Cause.NONE), *lines)
