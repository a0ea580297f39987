"""What the GPUs did: hours paid, allocated, active and idle, of the fleet and of each team."""

from collections.abc import Sequence

from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.kpis.model import GroupKpis, Report
from trimtab.reports.written.claims import GPU_HOUR, Claim, Part
from trimtab.reports.written.document import Bar, Bars, Said, Section, Table
from trimtab.reports.written.facts import Ask
from trimtab.reports.written.links import ranged
from trimtab.reports.written.wording import hours, share

_MOST = 15
_SEEN = 0.995  # of the time: gaps above that would round to 100 %
_COLUMNS = ("gpu_hours_paid", "gpu_hours_allocated", "gpu_hours_active", "gpu_hours_idle_allocated", "gpu_hours_down")
_HEADS = ("Team", "Paid", "Allocated", "Active", "Held, idle", "Down", "Active")


def gpus_part(ask: Ask, fleet: Report, teams: Report) -> Part:
    """The section; of an owner only what is its own."""
    href = ranged("/hosts", ask)
    own = [one for one in teams.groups if value(one, "gpu_hours_paid") and (not ask.owner or one.group == ask.owner)]
    whole = next(iter(own if ask.owner else fleet.groups), None)
    if whole is None or not value(whole, "gpu_hours_paid"):
        return Part(Section("GPUs", (Said("No GPU reported in this period.", href),)))
    paid, active = value(whole, "gpu_hours_paid") or 0.0, value(whole, "gpu_hours_active")
    down = value(whole, "gpu_hours_down") or 0.0
    first = Said(
        f"{hours(paid)} of GPUs were paid for; {hours(active)} of them ({share(value(whole, 'gpu_active_share'))}) "
        f"worked, {hours(value(whole, 'gpu_hours_idle'))} did nothing"
        + (f" and {hours(down)} were down." if down > 0 else "."),
        href,
    )
    said, claims = [first], [Claim(first, (value(whole, "gpu_hours_idle") or 0.0) * GPU_HOUR)]
    idlest = sorted(own, key=_held_idle, reverse=True)
    if idlest and not ask.owner and _held_idle(idlest[0]) > 0:
        worst = idlest[0]
        words = Said(
            f"{_name(worst)} held the most GPUs that did nothing: {hours(_held_idle(worst))} of its "
            f"{hours(value(worst, 'gpu_hours_allocated'))} allocated.",
            href,
            "bad",
        )
        said.append(words)
        claims.append(Claim(words, _held_idle(worst) * GPU_HOUR * 1.2))
    seen = whole.get("gpu_hours_paid").coverage
    if seen is not None and seen < _SEEN:
        said.append(
            Said(f"What the GPUs did is known of {share(seen)} of the time: in the rest nothing reported.", href)
        )
    if down > 0:
        broken = Said(f"{hours(down)} of GPUs were down: {share(down / paid)} of what was paid for.", href, "bad")
        claims.append(Claim(broken, down * GPU_HOUR))
    bars = [
        Bars(
            "Hours held and idle, by team",
            [Bar(_name(one), _held_idle(one), hours(_held_idle(one))) for one in idlest[:_MOST] if _held_idle(one) > 0],
        )
    ]
    return Part(Section("GPUs", said, [] if ask.owner else bars, [_table(own, href)]), claims)


def value(group: GroupKpis, id_: str) -> float | None:
    """A KPI's value; None where it is not known."""
    return group.get(id_).value


def _held_idle(group: GroupKpis) -> float:
    return value(group, "gpu_hours_idle_allocated") or 0.0


def _name(group: GroupKpis) -> str:
    return "Nobody in particular" if group.group == UNOWNED else group.group


def _table(groups: Sequence[GroupKpis], href: str) -> Table:
    ranked = sorted(groups, key=lambda one: -(value(one, "gpu_hours_paid") or 0.0))[:_MOST]
    rows = [
        (_name(one), *(hours(value(one, id_)) for id_ in _COLUMNS), share(value(one, "gpu_active_share")))
        for one in ranked
    ]
    return Table("GPU-hours", _HEADS, rows, (1, 2, 3, 4, 5, 6), False, href)
