"""Random organisations: clusters of several schedulers, drained, silent, autoscaled, shared and badly reported things.

Everything of an organisation is drawn from one seed, so that a case that fails is made again by its number.
"""

import random
from dataclasses import dataclass

import numpy as np

from trimtab.base.records import replace
from trimtab.fleet.known import BilledMachine, Known
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.fleet.telemetry.day import GpuRow, TelemetryDay
from trimtab.inventory.runs.model import Condition, Held, LifeStretch, NodeLife, Run, RunKey, RunState

START = 1_790_000_000_000 // DAY_MS * DAY_MS
STEP_MS = 300_000


@dataclass(frozen=True)
class Organisation:
    """What is known of one, over `days` days from START."""

    seed: int
    days: int
    lives: tuple[NodeLife, ...]
    runs: tuple[Run, ...]
    telemetry: TelemetryDay | None
    billed: tuple[BilledMachine, ...]

    @property
    def end_ms(self) -> int:
        """The end of the range."""
        return START + self.days * DAY_MS

    def known(self, start_ms: int = START, end_ms: int = 0, *, shuffled: int = 0) -> Known:
        """As the ledger takes it; `shuffled`: in another order of arrival."""
        lives, runs, billed = list(self.lives), list(self.runs), list(self.billed)
        if shuffled:
            draw = random.Random(shuffled)
            for some in (lives, runs, billed):
                draw.shuffle(some)
        end = end_ms or self.end_ms
        return Known(start_ms, end, self.end_ms, lives, runs, self.telemetry, billed)


def organisation(seed: int) -> Organisation:
    """The organisation of a number."""
    draw = random.Random(seed)
    days = draw.choice((1, 2, 3))
    end = START + days * DAY_MS
    clusters = [draw.choice(("slurm", "hall-3", "k8s-eu", "gke")) + str(at) for at in range(draw.randint(1, 3))]
    lives = [life for cluster in clusters for life in _nodes(draw, cluster, end)]
    runs = [
        run
        for cluster in clusters
        for run in _runs(draw, cluster, [one for one in lives if one.cluster == cluster], end)
    ]
    telemetry = _telemetry(draw, lives, days) if draw.random() < 0.6 else None
    billed = tuple(_billed(draw, at, end) for at in range(draw.choice((0, 0, 1, 2))))
    return Organisation(seed, days, tuple(lives), tuple(runs), telemetry, billed)


def _moment(draw: random.Random, end: int, *, before: int = 0) -> int:
    low = START - before
    return draw.choice((low + draw.randrange(end - low), START + draw.randrange(0, (end - START) // HOUR_MS) * HOUR_MS))


def _nodes(draw: random.Random, cluster: str, end: int) -> list[NodeLife]:
    account = draw.choice(("1", "222222222222", ""))
    return [_life(draw, account, cluster, f"n{at:02}", end) for at in range(draw.randint(0, 5))]


def _life(draw: random.Random, account: str, cluster: str, name: str, end: int) -> NodeLife:
    gpus = draw.choice((1, 2, 4, 8))
    cuts = sorted({_moment(draw, end, before=DAY_MS) for _ in range(draw.randint(0, 4))})
    edges = [START - DAY_MS, *cuts]
    stretches = []
    for at, edge in enumerate(edges):
        last = at == len(edges) - 1
        until = None if last and draw.random() < 0.7 else (edges[at + 1] if not last else end - draw.randrange(HOUR_MS))
        if until is not None and until <= edge:
            continue
        if draw.random() < 0.15:
            continue  # powered down, or gone for a while
        count = draw.choice((gpus, gpus, gpus, gpus / 2, gpus + 0.0))
        condition = draw.choice((Condition.UP, Condition.UP, Condition.RESERVED, Condition.DRAINED, Condition.DOWN))
        reason = draw.choice(("", "ECC", "maintenance window", "Not responding"))
        stretches.append(LifeStretch(edge, until, condition, reason, count, "h100", "p5.48xlarge", f"i-{name}-{at}"))
    if not stretches:
        stretches = [LifeStretch(START, None, Condition.UP, "", float(gpus), "h100", "", "")]
    return NodeLife(account, cluster, name, tuple(stretches))


def _runs(draw: random.Random, cluster: str, nodes: list[NodeLife], end: int) -> list[Run]:
    account = nodes[0].account if nodes else "1"
    return [_run(draw, account, cluster, str(at), nodes, end) for at in range(draw.randint(0, 12))]


def _run(draw: random.Random, account: str, cluster: str, job: str, nodes: list[NodeLife], end: int) -> Run:
    begun = _moment(draw, end, before=DAY_MS)
    ended = begun + draw.choice((0, 1, 777, HOUR_MS, 5 * HOUR_MS + 13, 2 * DAY_MS))
    if draw.random() < 0.03:
        ended = begun - HOUR_MS  # a clock that went back
    state = RunState.COMPLETED
    open_ = draw.random() < 0.2
    gpus = draw.choice((0.25, 0.5, 1 / 7, 1, 1, 2, 4, 8))
    chosen = draw.sample(nodes, min(len(nodes), draw.choice((1, 1, 1, 2)))) if nodes else []
    held = [Held(node.name, float(gpus)) for node in chosen]
    if draw.random() < 0.05:
        held = [Held("nobody-knows-me", float(gpus))]
    if held and draw.random() < 0.4 and gpus >= 1:
        held = [replace(one, indexes=tuple(sorted(draw.sample(range(8), int(gpus))))) for one in held]
    names = tuple(one.node for one in held) if draw.random() < 0.9 else ()
    run = Run(
        RunKey(account, cluster, job), "slurm", RunState.RUNNING if open_ else state, begun - draw.randrange(HOUR_MS),
        team=draw.choice(("vision", "search", "", "Ads")), user=draw.choice(("ann", "bo")), start_ms=begun,
        end_ms=None if open_ else ended, gpus=float(gpus) * max(len(held), 1), nodes=len(held), node_names=names,
        held=tuple(held) if names or draw.random() < 0.5 else (),
    )  # fmt: skip
    return run if draw.random() < 0.95 else replace(run, start_ms=None, state=RunState.PENDING, end_ms=None)


def _telemetry(draw: random.Random, lives: list[NodeLife], days: int) -> TelemetryDay:
    noise = np.random.default_rng(draw.randrange(1 << 30))
    hosts = [(life.account or "1", life.name) for life in lives if draw.random() < 0.8]
    hosts += [("1", f"lonely-{at}") for at in range(draw.randint(0, 2))]
    rows = [
        GpuRow(
            f"GPU-{host}-{at}",
            host,
            str(at),
            account,
            1.0,
            START - DAY_MS * draw.randint(0, 3),
            START + draw.randrange(days * DAY_MS),
        )
        for account, host in hosts
        for at in range(draw.choice((1, 2, 8)))
    ]
    steps = days * DAY_MS // STEP_MS
    shape = (len(rows), steps)
    activity = np.where(noise.random(shape) < 0.2, np.nan, noise.random(shape))
    held = noise.integers(-1, 2, shape)
    down = np.where(noise.random(shape) < 0.02, noise.integers(0, 2, shape), -1)
    workload = noise.integers(-1, 3, shape)
    return TelemetryDay(
        START, STEP_MS, rows, activity, held, workload, noise.integers(-1, 2, shape), down, ~np.isnan(activity),
        ("pod-a", "pod-b", "7"), ("vision", "search"), ("fatal XID", "silent while its host is up"),
    )  # fmt: skip


def _billed(draw: random.Random, at: int, end: int) -> BilledMachine:
    begun = _moment(draw, end)
    return BilledMachine(
        f"arn:aws:ec2:eu:1:instance/i-bill-{at}",
        "1",
        "eu",
        "p4d.24xlarge",
        8,
        ((begun, min(begun + 3 * HOUR_MS, end)),),
    )
