"""What training and batch runs cost, how they ended, and what was lost."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import quote

from trimtab.base.coins import money
from trimtab.figures.areas.money import RUN_COST, TRAINING_COST
from trimtab.figures.areas.runs import ACTIVE
from trimtab.fleet.basis import DEFAULT
from trimtab.fleet.figures import FIGURES
from trimtab.inventory.runs.model import RunState
from trimtab.kpis.runs.report import RunReport
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Said, Section, Table
from trimtab.reports.written.facts import MOST_RUNS, Ask
from trimtab.reports.written.links import ranged
from trimtab.reports.written.wording import hours, plural, share, span

_MOST, _MOST_LOSSES, _NAMED = 12, 3, 3
BROKEN = frozenset({RunState.FAILED, RunState.NODE_FAILED, RunState.OUT_OF_MEMORY, RunState.TIMEOUT, RunState.LOST})


def runs_part(ask: Ask, runs: Sequence[RunReport], *, training: bool = False) -> Part:
    """The section. Hours and costs are those within the period; of `training` runs alone, if that is asked."""
    kind, named = ("training run", TRAINING_COST) if training else ("run", RUN_COST)
    more = f" (of the last {MOST_RUNS:,} submitted)" if len(runs) == MOST_RUNS else ""
    runs = [one for one in runs if one.run.is_training] if training else runs
    href = ranged("/runs", ask)
    if not runs:
        return Part(Section("Runs", (Said("No run waited or ran in this period.", href),)))
    total = sum(one.gpu_hours for one in runs)
    failed = [one for one in runs if one.run.state in BROKEN]
    lost = sum(one.gpu_hours for one in failed)
    said = [
        Said(
            f"{plural(len(runs), kind)}{more} took {hours(total)} of GPUs in this period, {_amounts(runs)} "
            f"({DEFAULT.value}).",
            href,
        )
    ]
    claims: list[Claim] = []
    if failed:
        words = Said(
            f"{plural(len(failed), 'run')} failed after {hours(lost)} of GPUs "
            f"({share(lost / total if total else None)}), {_amounts(failed)}.",
            href,
            "bad",
        )
        said.append(words)
        claims.append(Claim(words, _largest(failed)))
    for some in _losses(runs)[:_MOST_LOSSES]:
        words = _lost(some)
        said.append(words)
        claims.append(Claim(words, sum(map(_loss, some)), _name(some[0])))
    dearest = sorted(runs, key=lambda one: (-_largest([one]), -one.gpu_hours))[:_MOST]
    rows = [
        (
            _name(one),
            one.run.team or "–",
            one.run.state.value,
            hours(one.gpu_hours),
            share(one.active_share),
            _amounts([one]),
        )
        for one in dearest
    ]
    heads = ("Run", "Team", "State", FIGURES["gpu_hours_held"].label, ACTIVE.label, named.label)
    title = f"Dearest {kind}s, {DEFAULT.value}, {span(ask.start_ms, ask.end_ms)}"
    table = Table(title, heads, rows, (3, 4, 5), False, href)
    return Part(Section("Runs", said, (), (table,)), claims)


def _losses(runs: Sequence[RunReport]) -> list[list[RunReport]]:
    """Runs that lost something, those together of which the same is said, the largest sum first."""
    found: dict[str, list[RunReport]] = defaultdict(list)
    for one in sorted(runs, key=_loss, reverse=True):
        if one.largest_loss is not None:
            found[one.largest_loss.words].append(one)
    return sorted(found.values(), key=lambda some: -sum(map(_loss, some)))


def _lost(some: Sequence[RunReport]) -> Said:
    """What some runs lost, of each of which the same is said."""
    loss = some[0].largest_loss
    words = loss.words.rstrip(".") if loss else ""
    names = ", ".join(map(_name, some[:_NAMED])) + (f" and {len(some) - _NAMED} more" if len(some) > _NAMED else "")
    return Said(f"{names}{', each' if len(some) > 1 else ''}: {words}.", _run_href(some[0]), "bad")


def _name(one: RunReport) -> str:
    return one.run.name or one.run.key.job


def _run_href(one: RunReport) -> str:
    return f"/runs/{quote(one.run.key.cluster, safe='')}/{quote(one.run.key.job, safe='')}"


def _sums(runs: Sequence[RunReport]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in runs:
        for currency, amount in one.cost.amounts.items():
            found[currency] += amount
    return dict(found)


def _amounts(runs: Sequence[RunReport]) -> str:
    sums = _sums(runs)
    return " and ".join(money(sums[one], one) for one in sorted(sums)) if sums else "at no known price"


def _largest(runs: Sequence[RunReport]) -> float:
    return float(max(_sums(runs).values(), default=Decimal(0)))


def _loss(one: RunReport) -> float:
    found = one.largest_loss
    return float(max(found.amounts.values(), default=Decimal(0))) if found else 0.0
