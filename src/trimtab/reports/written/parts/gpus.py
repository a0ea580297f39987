"""What the GPUs did: hours that existed, were held, worked and idled, of the fleet and of each team."""

from collections.abc import Sequence

from trimtab.fleet.figures import FIGURES
from trimtab.fleet.frame import NOBODY_HELD, UNOWNED
from trimtab.kpis.model import GroupKpis, Report
from trimtab.reports.written.claims import GPU_HOUR, Claim, Part
from trimtab.reports.written.document import Bar, Bars, Said, Section, Table
from trimtab.reports.written.facts import Ask
from trimtab.reports.written.links import ranged
from trimtab.reports.written.wording import hours, share, span

_MOST = 15
_SEEN = 0.995  # of the hours held: gaps above that would round to 100 %
_EXISTING, _UNMEASURED = "gpu_hours_existing", "gpu_hours_unmeasured"
_HOURS = FIGURES[_EXISTING].label
_COLUMNS = {
    id_: FIGURES[id_].label.removeprefix(_HOURS).strip().capitalize() or "Existing"
    for id_ in (
        _EXISTING, "gpu_hours_down", "gpu_hours_held", "gpu_hours_active", "gpu_hours_inactive", _UNMEASURED,
        "gpu_hours_free", "gpu_hours_unknown", "gpu_hours_idle",
    )
}  # fmt: skip
"""Heads of a table of GPU-hours: the names of the figures without these words.

existing = down + held + free + unknown; held = active + inactive + not measured; idle = free + inactive.
"""


def gpus_part(ask: Ask, fleet: Report, teams: Report) -> Part:
    """The section; of an owner only what is its own."""
    href = ranged("/hosts", ask)
    own = [one for one in teams.groups if value(one, _EXISTING) and (not ask.owner or one.group == ask.owner)]
    whole = next(iter(own if ask.owner else fleet.groups), None)
    if whole is None or not value(whole, _EXISTING):
        return Part(Section("GPUs", (Said("No GPU existed in this period.", href),)))
    existing, held, active, idle, down = (
        value(whole, f"gpu_hours_{name}") or 0.0 for name in ("existing", "held", "active", "idle", "down")
    )
    first = Said(
        f"{hours(existing)} of GPUs existed; {hours(held)} ({share(held / existing)}) were held, {hours(active)} "
        f"({share(active / existing)}) active and {hours(idle)} idle" + (f", {hours(down)} down." if down else "."),
        href,
    )
    said, claims = [first], [Claim(first, idle * GPU_HOUR)]
    idlest = sorted((one for one in own if one.group != NOBODY_HELD), key=_inactive, reverse=True)
    if idlest and not ask.owner and _inactive(idlest[0]) > 0:
        worst = idlest[0]
        words = Said(
            f"{_name(worst)} held the most GPUs that did nothing: {hours(_inactive(worst))} of the "
            f"{hours(value(worst, 'gpu_hours_held'))} that it held were inactive.",
            href,
            "bad",
        )
        said.append(words)
        claims.append(Claim(words, _inactive(worst) * GPU_HOUR * 1.2))
    seen = whole.get(_EXISTING).coverage
    if seen is not None and seen < _SEEN:
        said.append(Said(f"What GPUs did is measured for {share(seen)} of the hours in which they were held.", href))
    if down > 0:
        broken = Said(f"{hours(down)} of GPUs were down: {share(down / existing)} of what existed.", href, "bad")
        claims.append(Claim(broken, down * GPU_HOUR))
    bars = [
        Bars(
            FIGURES["gpu_hours_inactive"].label + ", by team",
            [Bar(_name(one), _inactive(one), hours(_inactive(one))) for one in idlest[:_MOST] if _inactive(one) > 0],
        )
    ]
    table = _table(own, href, span(ask.start_ms, ask.end_ms))
    return Part(Section("GPUs", said, [] if ask.owner else bars, [table]), claims)


def value(group: GroupKpis, id_: str) -> float | None:
    """A KPI's value; None where it is not known."""
    return group.get(id_).value


def _inactive(group: GroupKpis) -> float:
    return value(group, "gpu_hours_inactive") or 0.0


def _name(group: GroupKpis) -> str:
    return "Nobody in particular" if group.group == UNOWNED else group.group


def _table(groups: Sequence[GroupKpis], href: str, period: str) -> Table:
    """Every team up to some, the others in one row, and the sum: columns and rows add up."""
    ranked = sorted(groups, key=lambda one: -(value(one, _EXISTING) or 0.0))
    shown, others = ranked[:_MOST], ranked[_MOST:]
    ids = [id_ for id_ in _COLUMNS if id_ != _UNMEASURED or _sum(ranked, id_) > 0]
    rows = [(_name(one), *(hours(value(one, id_)) for id_ in ids)) for one in shown]
    if others:
        rows.append((f"{len(others)} others", *(hours(_sum(others, id_)) for id_ in ids)))
    if len(rows) > 1:
        rows.append(("Total", *(hours(_sum(ranked, id_)) for id_ in ids)))
    heads = ("Team", *(_COLUMNS[id_] for id_ in ids))
    return Table(f"{_HOURS}, {period}", heads, rows, tuple(range(1, len(heads))), len(rows) > 1, href)


def _sum(groups: Sequence[GroupKpis], id_: str) -> float:
    return sum(value(one, id_) or 0.0 for one in groups)
