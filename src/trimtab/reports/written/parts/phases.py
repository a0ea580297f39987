"""What the GPUs of runs did: hours and money by phase, and the time that was lost to each cause."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from trimtab.base.coins import money
from trimtab.figures.areas.phases import PHASE_COST, PHASE_HOURS
from trimtab.fleet.basis import DEFAULT
from trimtab.fleet.phases.phase import Phase
from trimtab.kpis.runs.report import RunReport
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Said, Section, Table
from trimtab.reports.written.facts import Ask
from trimtab.reports.written.links import ranged
from trimtab.reports.written.wording import hours, plural, share, span

_LOST = (Phase.HUNG, Phase.STRAGGLER, Phase.STARVED, Phase.RECOMPUTED)
"""Phases that somebody should look at. Warming up, checkpoints and communication are work's own cost."""
_WORTH = 0.01
"""Share of all hours from which lost time is worth a sentence."""


def phases_part(ask: Ask, runs: Sequence[RunReport]) -> Part:
    """The section; of the runs of the period, of which each phase is the part within the period."""
    href = ranged("/runs", ask)
    held = sum(one.gpu_hours for one in runs)
    by_phase: dict[Phase, float] = defaultdict(float)
    cost: dict[Phase, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for run in runs:
        for one in run.phases:
            by_phase[one.phase] += one.gpu_hours
            for currency, amount in one.amounts.items():
                cost[one.phase][currency] += amount
    if not by_phase or not held:
        return Part(Section("What GPUs did", (Said("Nothing tells what the GPUs of runs did.", href),)))
    said: list[Said] = []
    claims: list[Claim] = []
    for phase in _LOST:
        if by_phase[phase] >= _WORTH * held:
            words = Said(_lost(phase, by_phase[phase], held, cost[phase], runs), href, "bad")
            said.append(words)
            claims.append(Claim(words, float(max(cost[phase].values(), default=Decimal(0)))))
    if not said:
        said = [Said(f"Of {hours(held)} of GPUs {share(by_phase[Phase.PRODUCTIVE] / held)} were productive.", href)]
    rows = [
        (phase.words, hours(by_phase[phase]), share(by_phase[phase] / held), _amounts(cost[phase]))
        for phase in Phase
        if by_phase[phase] > 0
    ]
    title = f"By phase, {DEFAULT.value}, {span(ask.start_ms, ask.end_ms)}"
    table = Table(title, ("Phase", PHASE_HOURS.label, "Share", PHASE_COST.label), rows, (1, 2, 3), False, href)
    return Part(Section("What GPUs did", tuple(said), (), (table,)), claims)


def _lost(phase: Phase, lost: float, held: float, cost: Mapping[str, Decimal], runs: Sequence[RunReport]) -> str:
    some = [one for one in runs if any(part.phase is phase and part.gpu_hours > 0 for part in one.phases)]
    whose = plural(len(some), "run")
    return f"{hours(lost)} of GPUs ({share(lost / held)}) of {whose} were {phase.words}, {_amounts(cost)}."


def _amounts(sums: Mapping[str, Decimal]) -> str:
    return " and ".join(money(sums[one], one) for one in sorted(sums)) if sums else "at no known price"
