"""From recommendations to findings of advice: what they take off the next invoice, whose they are, how to apply."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from trimtab.advice.cash import Saving, saving
from trimtab.advice.complete import cost_of
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Evidence, Judgement, Pillar, Status, Undecided
from trimtab.advice.finding import Effort as AdviceEffort
from trimtab.advice.finding import Finding as AdviceFinding
from trimtab.advice.rightsizing.applying import change
from trimtab.advice.rightsizing.model import Axis, Finding, Kind, Recommendation, Subject
from trimtab.advice.rightsizing.store import id_of
from trimtab.base.records import replace

CHECKS: Mapping[Kind, str] = {kind: f"trimtab-rightsizing-{kind.value}" for kind in Kind}
"""The check under which the findings of a kind are kept."""
_HOURS = 730.0
_CONFIDENT_DAYS = 14.0


def judgement(kind: Kind, found: Sequence[Recommendation], facts: Facts) -> Judgement:
    """The findings of a kind: what is too large, too small or idle; what could not be judged, and why."""
    findings = [one for recommendation in found for one in _findings(recommendation, facts)]
    undecided = [Undecided(one.subject.path, one.reason) for one in found if one.finding is Finding.UNAVAILABLE]
    findings.sort(key=lambda one: (-(one.cash or 0), one.resource, one.part))
    return Judgement(CHECKS[kind], tuple(findings), tuple(undecided), len(found))


def owned(found: Recommendation, facts: Facts) -> Recommendation:
    """A recommendation with the owner that every finding about its resource has."""
    owner = facts.owner(_thing(found.subject))
    return replace(found, subject=replace(found.subject, owner=owner.name, owner_reason=owner.reason))


def _thing(subject: Subject) -> Thing:
    return Thing(
        subject.path,
        "instance" if subject.kind is Kind.INSTANCE else subject.kind,
        subject.id.partition("/")[0],
        subject.name,
        account=subject.account,
        region=subject.region,
        owner=subject.owner,
        tags=subject.tags,
    )


def _findings(found: Recommendation, facts: Facts) -> Iterable[AdviceFinding]:
    if found.idle:
        yield _finding(found, facts, 1.0, found.idle_saving, f"idle: {found.idle_reason}", Action.STOP, "nothing")
    elif found.finding is Finding.UNDER:
        first = found.advised[0] if found.advised else None
        words = f"too small: {', '.join(found.reasons)}" + (f"; {found.reason}" if found.reason else "")
        yield _finding(
            found, facts, 0.0, Decimal(0), words, Action.OTHER, first.option.name if first else "", under=True
        )
    elif found.finding in (Finding.OVER, Finding.NOT_OPTIMIZED) and found.advised:
        first = found.advised[0]
        words = f"larger than it needs: {', '.join(found.reasons)}"
        words = words if found.reasons else "of the right size, and another type of it is cheaper"
        yield _finding(found, facts, first.saving_share, first.saving, words, Action.RIGHTSIZE, first.option.name)


def _finding(
    found: Recommendation, facts: Facts, share: float | None, listed: Decimal | None, summary: str, action: Action,
    advised: str, *, under: bool = False,
) -> AdviceFinding:  # fmt: skip
    subject, applied = found.subject, change(found)
    thing = _thing(subject)
    bill = facts.bill(thing)
    if under:
        saved = Saving(Decimal(0), None, "USD", "costs more: it is for performance")
    elif bill is not None and share is not None:
        saved = saving(bill, share, facts)
    else:
        note = "at list prices: no line of the bill names it"
        note = note if listed is not None else "not known: neither a price nor a line of the bill is known"
        saved = Saving(listed, None, "USD", note)
    cost = cost_of(thing, saved, facts)
    first = found.advised[0] if found.advised else None
    return AdviceFinding(
        check=CHECKS[subject.kind], pillar=Pillar.PERFORMANCE if under else Pillar.COST, resource=subject.path,
        kind=subject.kind.value, name=subject.name or subject.id, account=subject.account, region=subject.region,
        estimate=saved.cash, billed_as=facts.billed_as(thing), takes=0.0 if under or share is None else share,
        summary=summary, status=Status.ERROR if under else Status.WARNING, part=subject.id, owner=subject.owner,
        tags=dict(subject.tags), evidence=tuple(_evidence(found)), confidence=_confidence(found),
        cash=saved.cash, cost=cost.amount, currency=cost.currency, cash_note=saved.note,
        gpu_hours=_gpu_hours(found), fix=applied.command,
        effort=AdviceEffort(first.option.effort.value) if first else AdviceEffort.LOW, action=action,
        restart=applied.restart, current=subject.type, advised=advised, owner_reason=subject.owner_reason,
        machine=facts.machine_key(thing), cost_note=cost.note,
    )  # fmt: skip


def _evidence(found: Recommendation) -> Iterable[Evidence]:
    page = f"/rightsizing/{id_of(found.subject)}"
    for axis, share in found.used.items():
        if axis is not Axis.SUSTAINED:
            yield Evidence(f"{axis} needed", f"{share:.0%} of the size now", page)
    for one in found.replays:
        cost = "cost not known" if one.cost is None else f"{one.cost:.2f}"
        yield Evidence(f"replay: {one.strategy}", f"{cost}, over size {one.over:.1%} of the time", page)
    for note in found.notes:
        yield Evidence("note", note)


def _confidence(found: Recommendation) -> float:
    """Days of data against two weeks, less where memory was not measured or the size would have been short at times."""
    sure = min(found.days / _CONFIDENT_DAYS, 1.0) * (1.0 - (found.advised[0].risk / 8.0 if found.advised else 0.0))
    return round(sure * (0.8 if any("memory is not measured" in one for one in found.notes) else 1.0), 2)


def _gpu_hours(found: Recommendation) -> float:
    """GPU-hours a month that become free."""
    now = float(found.current.facts.get("gpus") or 0.0) if found.current is not None else 0.0
    then = now
    if found.idle:
        then = 0.0
    elif found.finding is Finding.OVER and found.advised:
        then = float(found.advised[0].option.facts.get("gpus") or 0.0)
    return max(now - then, 0.0) * found.subject.count * _HOURS
