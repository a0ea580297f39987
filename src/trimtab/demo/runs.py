"""The training queue: runs that people submit to SLURM, and where and when each of them ran.

A partition is replayed in steps of five minutes from some days before the history to some weeks after it, so that
the live demo goes on with the same queue. A run takes whole nodes.
"""

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.demo.company import Company, Node

TICK_MS = 300_000
PARTITIONS = ("p5", "p4d")
"""Partitions of the cluster, named as their nodes are."""
_LEAD_MS = 3 * 86_400_000
_TAIL_MS = 30 * 86_400_000
_FIRST_JOB = 48_213  # the cluster is not new
_PATIENCE_TICKS = 36  # after three hours the oldest run is not overtaken any more

COMPLETED, FAILED, CANCELLED = "COMPLETED", "FAILED", "CANCELLED"

LOADER_BOUND = "augment-sweep"
"""Runs of this name wait for their data loader."""
RUNAWAY_SINCE_H = 12.0
"""Hours before the end of the replay from which on the next free nodes are for a sweep that never ends."""
RUNAWAY = "retriever-sweep"
_RUNAWAY_KIND = ("p5", "search", "ravi", RUNAWAY, 2, 0.58, 0.30)

# team, user, name, nodes, mean hours, SM activity, share of it in tensor cores; by how often they submit
_KINDS = {
    "p5": (
        (0.20, "foundation", "mira", "pretrain-34b", 4, 30.0, 0.90, 0.62),
        (0.14, "foundation", "jonas", "longcontext-34b", 2, 18.0, 0.86, 0.58),
        (0.18, "assistant", "wei", "sft-70b", 2, 8.0, 0.78, 0.50),
        (0.12, "assistant", "sofia", "dpo-70b", 2, 11.0, 0.66, 0.40),
        (0.14, "search", "ravi", "retriever-xl", 1, 9.0, 0.72, 0.44),
        (0.12, "vision", "lena", "video-dit", 2, 16.0, 0.82, 0.52),
        (0.10, "foundation", "mira", "eval-sweep", 1, 3.0, 0.48, 0.22),
    ),
    "p4d": (
        (0.26, "search", "ravi", "ranker-ft", 1, 6.0, 0.68, 0.40),
        (0.20, "vision", "tomas", "segment-ft", 1, 10.0, 0.74, 0.46),
        (0.18, "assistant", "sofia", "reward-model", 2, 12.0, 0.76, 0.48),
        (0.16, "foundation", "jonas", "tokenizer-abl", 1, 4.0, 0.55, 0.25),
        (0.20, "vision", "lena", LOADER_BOUND, 1, 8.0, 0.34, 0.15),  # waits for its data loader
    ),
}  # fmt: skip
_BACKLOG = {"p5": (8, 4), "p4d": (7, 3)}  # runs that wait at noon of a working day, and at night


class Run(Struct, frozen=True):
    """A run. Times in ms, far in the future for what has not happened; `sm` and `tensor`, 0 to 1, are how busy its GPUs
    are. `state` is how it ends.
    """

    id: int
    partition: str
    team: str
    user: str
    name: str
    size: int
    sm: float
    tensor: float
    submit_ms: int
    start_ms: int
    end_ms: int
    state: str
    nodes: tuple[Node, ...]


def replay(company: Company, start_ms: int, end_ms: int, down: Callable[[Node, int], bool]) -> tuple[Run, ...]:
    """Every run that is in the queue from `start_ms` to some weeks past `end_ms`; `down` nodes take and keep none."""
    found: list[Run] = []
    since_ms = (end_ms - round(RUNAWAY_SINCE_H * 3_600_000)) // TICK_MS * TICK_MS
    for number, partition in enumerate(PARTITIONS):
        queue = _Partition(company, partition, number, down)
        for at in range((start_ms - _LEAD_MS) // TICK_MS, (end_ms + _TAIL_MS) // TICK_MS):
            if at * TICK_MS == since_ms and partition == _RUNAWAY_KIND[0]:
                queue.run_away(since_ms)
            queue.tick(at * TICK_MS)
        found += queue.all_runs()
    ordered = sorted(found, key=lambda run: (run.submit_ms, run.partition, run.id))
    numbered = (replace(run, id=_FIRST_JOB + number) for number, run in enumerate(ordered))
    return tuple(run for run in numbered if run.end_ms > start_ms)


class _Partition:
    """One partition's queue on its way through time."""

    def __init__(self, company: Company, name: str, number: int, down: Callable[[Node, int], bool]) -> None:
        self._name = name
        self._dice = np.random.Generator(np.random.PCG64((company.seed, number)))
        self._down = down
        self._free = list(company.partition(name))
        self._waiting: list[tuple[Run, float]] = []  # with the hours that it will take
        self._running: list[Run] = []
        self._done: list[Run] = []

    def tick(self, now_ms: int) -> None:
        """End, submit and start what is due."""
        for run in [run for run in self._running if run.end_ms <= now_ms or self._broken(run, now_ms)]:
            self._running.remove(run)
            self._free += run.nodes
            broken = run.end_ms > now_ms
            self._done.append(replace(run, end_ms=now_ms, state=FAILED) if broken else run)
        self._submit(now_ms)
        self._start(now_ms)

    def run_away(self, now_ms: int) -> None:
        """Put the run that never ends in front of the queue."""
        partition, team, user, name, size, sm, tensor = _RUNAWAY_KIND
        submit_ms = now_ms - (_PATIENCE_TICKS + 1) * TICK_MS  # it has waited so long that nobody overtakes it
        run = Run(0, partition, team, user, name, size, sm, tensor, submit_ms, _NEVER, _NEVER, COMPLETED, ())
        self._waiting.insert(0, (run, _FOR_EVER_H))

    def all_runs(self) -> list[Run]:
        """Those that ended, run and wait."""
        return [*self._done, *self._running, *(run for run, _ in self._waiting)]

    def _broken(self, run: Run, now_ms: int) -> bool:
        return any(self._down(node, now_ms) for node in run.nodes)

    def _submit(self, now_ms: int) -> None:
        hour, day = now_ms / 3_600_000 % 24, (now_ms // 86_400_000 + 3) % 7
        noon, night = _BACKLOG[self._name]
        wanted = noon if 7 <= hour < 18 and day < 5 else night
        if len(self._waiting) >= wanted or self._dice.random() > 0.35:
            return
        kinds = _KINDS[self._name]
        kind = kinds[int(self._dice.choice(len(kinds), p=[item[0] for item in kinds]))]
        _, team, user, name, size, hours, sm, tensor = kind
        sm = float(np.clip(sm + self._dice.normal(0, 0.04), 0.1, 0.97))
        version = int(self._dice.integers(1, 60))
        run = Run(
            0, self._name, team, user, f"{name}-r{version}", size, sm, tensor, now_ms, _NEVER, _NEVER, COMPLETED, ()
        )
        self._waiting.append((run, float(np.clip(self._dice.lognormal(np.log(hours), 0.6), 0.3, 70))))

    def _start(self, now_ms: int) -> None:
        usable = [node for node in self._free if not self._down(node, now_ms)]
        for item in list(self._waiting):
            run, hours = item
            if len(usable) < run.size:
                if now_ms - run.submit_ms > _PATIENCE_TICKS * TICK_MS:
                    return
                continue
            nodes, usable = tuple(usable[: run.size]), usable[run.size :]
            self._waiting.remove(item)
            self._free = [node for node in self._free if node not in nodes]
            self._running.append(self._begun(run, nodes, hours, now_ms))

    def _begun(self, run: Run, nodes: tuple[Node, ...], hours: float, now_ms: int) -> Run:
        luck = self._dice.random()
        state = COMPLETED if luck < 0.78 or hours == _FOR_EVER_H else FAILED if luck < 0.9 else CANCELLED
        if state != COMPLETED:
            hours *= self._dice.uniform(0.05, 0.7)
        end = now_ms + max(round(hours * 3_600_000 / TICK_MS), 1) * TICK_MS
        return replace(run, nodes=nodes, start_ms=now_ms, end_ms=end, state=state)


_NEVER = 1 << 62
_FOR_EVER_H = 24.0 * 45
