"""How a load that is held stands against the objective, looked at slice by slice while it runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from trimtab.capacity.curve import Interval
from trimtab.inference.load import confidence
from trimtab.inference.load.record import Record, Slice
from trimtab.inference.objective import Objective

MEETS, MISSES, UNSURE = "meets", "misses", "unsure"
_DRIFT_Z = 3.0  # the second half of a level is slower than the first: its queue still grows
_SURE_Z = 3.0
"""A level is looked at again and again, so each look asks for 99.7 %: over 30 correlated looks about 95 % remain."""
_KEEPS_UP = 0.97  # a server that finishes less than this of what is sent has an unstable queue
_FEWEST_SLICES = 4  # a verdict on less is chance


@dataclass(frozen=True, slots=True)
class Standing:
    """What a level says of the objective.

    `misses` is the share of requests outside it, `worth` how many independent requests that share rests on.
    """

    rate: float
    misses: float
    worth: float
    attainment: Interval
    verdict: str
    keeps_up: bool


@dataclass(slots=True)
class Looks:
    """Reads each settled slice once, so that looking costs the generator nothing that would show in latencies."""

    objective: Objective
    slice_s: float
    least_s: float
    hits: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    failed: int = 0
    means: list[float] = field(default_factory=list)

    def read(self, record: Record, now_s: float) -> None:
        """Take in the slices that have settled since the last look."""
        settled = record.settled(now_s, self.objective.latency_ms / 1000)
        for number in range(len(self.sizes), len(settled)):
            one = settled[number]
            self.hits.append(met(one, self.objective))
            self.sizes.append(one.sent)
            self.finished.append(record.finished[number])
            self.failed += one.failed
            self.means.append(one.latency.mean() or 0.0)

    def standing(self, rate: float) -> Standing:
        """What the slices so far say; the verdict is certain at 99.7 %."""
        cut = confidence.cut_of(self.means)
        hits, sizes = self.hits[cut:], self.sizes[cut:]
        sure = confidence.share(hits, sizes, _SURE_Z)
        found = confidence.share(hits, sizes)
        groups = confidence.grouped(hits, sizes)
        worth = sum(sizes) / confidence.effect(groups, found.value) if sizes else 0.0
        answered = sum(self.finished[cut:]) + self.failed * len(sizes) / max(1, len(self.sizes))
        keeps_up = answered >= _KEEPS_UP * sum(sizes)
        return Standing(rate, 1 - found.value, worth, found, self._verdict(sure, len(sizes), cut), keeps_up)

    def _verdict(self, sure: Interval, slices: int, cut: int) -> str:
        if sure.upper < self.objective.share and slices >= _FEWEST_SLICES:
            return MISSES
        long_enough = slices * self.slice_s >= self.least_s
        return MEETS if sure.lower > self.objective.share and long_enough and not self._drifts(cut) else UNSURE

    def _drifts(self, cut: int) -> bool:
        """Whether the second half is slower than the first beyond chance: what is to come is worse than what was."""
        kept = self.means[cut:]
        half = len(kept) // 2
        if half < 2:
            return False
        first, second = _middle(kept[:half]), _middle(kept[half:])
        grows = second[0] - first[0]
        chance = _DRIFT_Z * (first[1] + second[1]) ** 0.5
        return grows > chance and grows > 50 * self.objective.latency_ms  # 5 % of the objective, in µs


def met(one: Slice, objective: Objective) -> float:
    """How many requests of a slice met the objective."""
    histogram = one.first if objective.of == "first" else one.latency
    return histogram.within(objective.latency_ms * 1000)


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and the variance of that mean."""
    middle = sum(values) / len(values)
    return middle, sum((one - middle) ** 2 for one in values) / max(1, len(values) - 1) / len(values)
