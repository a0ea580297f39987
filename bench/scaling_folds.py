"""Promises of scaling out of source: what a promise is made by is chosen on the other sources alone.

Chosen is what promises most, of all that keep 95 % of their promises on the others at both shares that are evaluated;
a source counts as much as another, however many series it has. Where nothing keeps them, it is what keeps most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from scaling_traces import Array, fleet_of, minutes_of
from synthetic_series import FAMILIES, made

from trimtab.capacity.simulate.fleet import Fleet
from trimtab.scaling.policies.portfolio import Portfolio, plan
from trimtab.scaling.policies.promise import Evidence, Promise, evidence_of, held, promised_at
from trimtab.scaling.replay.comparison import oracle_replicas

KEPT = 0.95
"""Share of its promises that a choice has to keep."""
ALLOWED = (0.01, 0.001)
DAY = 1440
SEEDS, DAYS = 4, 28
CHOICES = tuple(
    Promise(unseen, errors, share=share, headroom=headroom)
    for unseen, errors, share, headroom in product((0.01, 0.02, 0.03), (1.0, 2.0), (0.7, 0.85), (1.25, 1.5))
)
"""What is tried. That a week has to be known is no choice: its highest is what everything is compared with."""


def long_enough(demand: Array, since: int) -> bool:
    """Whether a promise made at a tick can be judged: a day at least follows."""
    return since <= len(demand) - DAY


@dataclass(slots=True)
class Case:
    """A service: its demand, what the portfolio alone desires at each allowed share, and what was found out of it."""

    source: str
    name: str
    demand: Array
    desired: dict[float, Array]
    _evidence: dict[float, Evidence] = field(default_factory=dict)
    _kept: dict[tuple[float, int, float, float], tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: str, name: str, demand: Array) -> "Case":
        """A service whose plans are made now."""
        fleet = fleet_of(demand)
        start = _start(demand, fleet)
        desired = {share: plan(demand, fleet, Portfolio(share), start_with=start).desired for share in ALLOWED}
        return cls(source, name, demand, desired)

    def judged(self, choice: Promise, allowed: float) -> tuple[float, float] | None:
        """The share that violated since the promise, and what holding it costs; None where there is none.

        Nor is there one where less than a day is left to be judged.
        """
        fleet = fleet_of(self.demand)
        past = self._evidence.get(choice.headroom)
        if past is None:
            past = self._evidence[choice.headroom] = evidence_of(self.demand, fleet, choice)
        verdict, since = promised_at(past, fleet, allowed, choice)
        if since is None or not long_enough(self.demand, since):
            return None
        key = allowed, since, choice.share, choice.headroom
        if key not in self._kept:
            desired = self.desired[allowed]
            kept = held(self.demand, fleet, desired, verdict, since, choice, start_with=_start(self.demand, fleet))
            self._kept[key] = kept.violating, float(kept.desired.sum() / desired.sum())
        return self._kept[key]


@dataclass(frozen=True, slots=True)
class Worth:
    """Of a source at a choice and an allowed share: how many are promised and kept, and the mean extra cost."""

    number: int
    promised: int
    kept: int
    cost: float


def _start(demand: Array, fleet: Fleet) -> int:
    return int(oracle_replicas(demand[:1], fleet.pools[0].capacity, fleet.least)[0])


def made_sources(seeds: int = SEEDS, days: int = DAYS) -> dict[str, list[Case]]:
    """Made families as demands, each a source: a counter as what it grew by."""
    sources: dict[str, list[Case]] = {f"made/{family}": [] for family in FAMILIES}
    for family, seed in product(FAMILIES, range(seeds)):
        one = made(family, seed, days)
        values = np.maximum(np.diff(one.values, prepend=one.values[0]) if family == "counters" else one.values, 0.0)
        name = f"made/{family}"
        sources[name].append(Case.of(name, f"{family}/{seed}", minutes_of(one.times / 1000.0, values)))
    return sources


def worth(cases: Sequence[Case]) -> list[dict[float, Worth]]:
    """What the cases of a source come to, an item a choice."""
    found = []
    for choice in CHOICES:
        by_share = {}
        for allowed in ALLOWED:
            told = [one for case in cases if (one := case.judged(choice, allowed)) is not None]
            cost = float(np.mean([cost for _, cost in told])) if told else 1.0
            by_share[allowed] = Worth(len(cases), len(told), sum(share <= allowed for share, _ in told), cost)
        found.append(by_share)
    return found


def chosen(sources: Sequence[list[dict[float, Worth]]]) -> int:
    """The number of the choice that suits these sources best."""
    return min(range(len(CHOICES)), key=lambda at: _rank([one[at] for one in sources]))


def _rank(sources: Sequence[dict[float, Worth]]) -> tuple[float, float]:
    """The less the better: promises that are broken beyond what may be, then what is not promised and what it costs."""
    broken, worse = 0.0, 0.0
    for allowed in ALLOWED:
        told = [one[allowed] for one in sources]
        kept = [one.kept / one.promised for one in told if one.promised]
        broken += max(0.0, KEPT - float(np.mean(kept))) if kept else 0.0
        worse -= float(np.mean([one.promised / one.number for one in told if one.number]))
        worse += float(np.mean([one.cost - 1.0 for one in told]))
    return round(broken, 3), worse


def out_of_source(sources: Mapping[str, Sequence[Case]]) -> dict[str, object]:
    """Each source with what is chosen on the others: promised and kept, in all and by source."""
    known = {name: worth(cases) for name, cases in sources.items() if cases}
    answer: dict[str, object] = {}
    by_source: dict[str, object] = {}
    totals = {allowed: np.zeros(3) for allowed in ALLOWED}
    for name, own in known.items():
        at = chosen([other for each, other in known.items() if each != name] or [own])
        choice = CHOICES[at]
        by_source[name] = {
            "chosen": [choice.unseen_days, choice.errors, choice.share, choice.headroom],
            **{f"{allowed:g}": [own[at][allowed].number, own[at][allowed].promised, own[at][allowed].kept]
               for allowed in ALLOWED},
        }  # fmt: skip
        for allowed, total in totals.items():
            total += (own[at][allowed].number, own[at][allowed].promised, own[at][allowed].kept)
    for allowed, (number, promised, kept) in totals.items():
        answer[f"promised_{allowed:g}"] = round(float(promised / number), 4)
        answer[f"kept_{allowed:g}"] = round(float(kept / promised), 4) if promised else None
    return {**answer, "by_source": by_source}
