"""Runs as GPUs show them, made by a number: what they did is known, step by step."""

import numpy as np
from msgspec import Struct

from trimtab.fleet.phases.phase import Phase
from trimtab.fleet.phases.signals import Signals

STEP_MS = 30_000
MINUTE = 2
"""Steps."""
KINDS = ("compute", "memory", "input", "communication", "pipeline", "registers", "mixed")


class Made(Struct, frozen=True):
    """Signals of a run, whether each step of it was part of a hang, and which rank stopped first."""

    signals: Signals
    hung: np.ndarray
    first: int | None


class Run:
    """Draws one run: ranks by steps."""

    def __init__(self, seed: int, *, kind: str = "", hours: float = 6.0) -> None:
        self.draw = np.random.default_rng(seed)
        self.kind = kind or str(self.draw.choice(KINDS))
        self.ranks = int(self.draw.choice((1, 2, 8, 8, 16)))
        if self.kind in ("communication", "pipeline"):
            self.ranks = max(self.ranks, 4)
        self.steps = int(hours * 60 * MINUTE)
        shape = self.ranks, self.steps
        self.active, self.tensor, self.memory = (np.zeros(shape) for _ in range(3))
        self.fabric, self.host, self.power = (np.zeros(shape) for _ in range(3))
        self.hung = np.zeros(self.steps, np.bool_)
        self.first: int | None = None
        self.tdp = float(self.draw.choice((300, 400, 700, 1000)))
        self.spin_active = float(self.draw.choice((0.06, 0.18, 0.5, 0.99)))
        self.quiet(0, self.steps)

    def noise(self, first: int, last: int, width: float = 0.04) -> np.ndarray:
        return 1 + width * self.draw.standard_normal((self.ranks, last - first))

    def put(
        self, first: int, last: int, levels: tuple[float, float, float, float, float, float], rank: int | None = None
    ) -> None:
        """Levels of active, tensor, memory, fabric, host (bytes/s) and power (share) of all ranks, or of one."""
        rows = slice(None) if rank is None else slice(rank, rank + 1)
        names = (self.active, self.tensor, self.memory, self.fabric, self.host, self.power)
        for array, level in zip(names, levels, strict=True):
            array[rows, first:last] = (level * self.noise(first, last))[rows]
        self.power[rows, first:last] *= self.tdp

    def quiet(self, first: int, last: int, rank: int | None = None) -> None:
        self.put(first, last, (0.0, 0.0, 0.0005, 1e5, 2e5, 0.12), rank)

    def spin(self, first: int, last: int, rank: int | None = None) -> None:
        share = 0.25 + 0.25 * self.spin_active
        self.put(first, last, (self.spin_active, 0.0, 0.001, 1e5, 3e5, share), rank)

    def copy(self, first: int, last: int, rank: int) -> None:
        self.put(first, last, (0.01, 0.0, 0.01, 1e5, 2e9, 0.16), rank)

    def work(self, first: int, last: int, kind: str = "") -> None:
        fabric = 4e10 if self.ranks > 1 else 1e5
        levels = {
            "compute": (0.92, 0.55, 0.4, fabric, 5e7, 0.9),
            "memory": (0.9, 0.03, 0.85, fabric / 4, 3e7, 0.7),
            "input": (0.12, 0.02, 0.03, fabric / 30, 3e8, 0.25),
            "communication": (0.95, 0.06, 0.09, 2e11, 3e7, 0.5),
            "pipeline": (0.8, 0.3, 0.25, fabric / 5, 3e7, 0.65),
            "registers": (0.97, 0.0, 0.004, 1e5, 1e6, 0.85),
            "evaluation": (0.7, 0.25, 0.3, 1e5, 8e7, 0.6),
        }
        self.put(first, last, levels[kind or self.kind])
        if kind == "pipeline" or self.kind == "pipeline":
            bubbles = np.linspace(0.6, 1.0, self.ranks)[:, None]
            for array in (self.tensor, self.memory, self.fabric):
                array[:, first:last] *= bubbles

    def healthy(self) -> None:
        """The whole run: it compiles, works, saves, evaluates, loads and compiles again."""
        at = int(self.draw.integers(1, 12 * MINUTE))
        self.quiet(0, at)
        if self.ranks > 1 and self.draw.random() < 0.6:  # some wait for those that still compile
            for rank in range(1, self.ranks):
                self.spin(int(self.draw.integers(0, at)), at, rank)
        while at < self.steps:
            kind = self.kind
            if kind == "mixed":
                kind = str(self.draw.choice(("compute", "memory", "communication") if self.ranks > 1 else ("compute",)))
            until = min(self.steps, at + int(self.draw.integers(15 * MINUTE, 60 * MINUTE)))
            self.work(at, until, kind)
            at = self.pause(until)

    def pause(self, at: int) -> int:
        """Something that healthy runs do between steps; the step at which it ends."""
        if at >= self.steps:
            return at
        what = self.draw.choice(
            ("save", "save in silence", "evaluate", "evaluate on one", "compile", "load", "nothing")
        )
        longest = {"save": 8, "save in silence": 4, "evaluate": 15, "evaluate on one": 12, "compile": 4, "load": 3}
        if what == "nothing":
            return at
        end = min(self.steps, at + int(self.draw.integers(1, longest[str(what)] * MINUTE + 1)))
        if what == "evaluate":
            self.work(at, end, "evaluation")
            return end
        if what in ("load", "compile"):
            self.quiet(at, end)
            if what == "compile" and self.ranks > 1:
                for rank in range(1, self.ranks):
                    self.spin(int(self.draw.integers(at, end)), end, rank)
            return end
        waits = self.spin if self.ranks > 1 else self.quiet
        waits(at, end)
        if what == "save":
            self.copy(at, end, 0)
        elif what == "evaluate on one":
            self.put(at, end, (0.7, 0.25, 0.3, 1e5, 8e7, 0.6), 0)
        else:
            self.quiet(at, end, 0)
        return end

    def hang(self, first: int, last: int, *, silent: bool) -> None:
        """All ranks wait in a collective; where `silent`, for one that runs no kernel any more."""
        self.spin(first, last)
        if silent and self.ranks > 1:
            self.first = int(self.draw.integers(self.ranks))
            self.quiet(first, last, self.first)
        self.hung[first:last] = True

    def made(self, *, utilisation_alone: bool = False, power: bool = True) -> Made:
        nothing = np.full_like(self.active, np.nan)
        active = np.clip(self.active, 0, 1)
        if utilisation_alone:
            active = (active > 0.02).astype(np.float64)
        signals = Signals(
            start_ms=0, step_ms=STEP_MS, held=np.ones(self.active.shape, np.bool_), active=active,
            tensor=nothing if utilisation_alone else np.clip(self.tensor, 0, 1),
            memory=nothing if utilisation_alone else np.clip(self.memory, 0, 1),
            fabric=nothing if utilisation_alone else np.maximum(self.fabric, 0),
            host=nothing if utilisation_alone else np.maximum(self.host, 0),
            power=np.maximum(self.power, 0) if power and not utilisation_alone else nothing,
            power_limit=np.full(self.ranks, self.tdp if power else np.nan),
        )  # fmt: skip
        return Made(signals, self.hung, self.first)


def hours(codes: np.ndarray) -> dict[Phase, float]:
    """GPU-hours by phase."""
    return {phase: float((codes == phase).sum()) * STEP_MS / 3_600_000 for phase in Phase}
