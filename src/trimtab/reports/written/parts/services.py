"""How endpoints served: requests, latency, and the error budget."""

from trimtab.figures.register import REGISTER
from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.kpis.model import GroupKpis, Report
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Said, Section, Table
from trimtab.reports.written.facts import Ask
from trimtab.reports.written.links import ranged
from trimtab.reports.written.parts.gpus import value
from trimtab.reports.written.wording import plural, seconds, share, span, success

_MOST = 25
_FIGURES = ("requests_per_s", "latency_p50", "latency_p95", "ttft_p95", "success_ratio", "error_budget_left")
_KEPT = 1.0  # what goes well: it is told where nothing is wrong
_OVERSPENT = 1_000.0
"""What a broken promise weighs among amounts: it comes before small ones."""


def services_part(ask: Ask, services: Report) -> Part:
    """The section: every service with requests, the most overspent error budget first."""
    href = ranged("/kpis", ask, level="service")
    served = [one for one in services.groups if value(one, "requests_per_s") and one.group != UNOWNED]
    if not served:
        return Part(Section("Endpoints", (Said("No endpoint reported requests in this period.", href),)))
    ranked = sorted(served, key=_left)
    judged = [one for one in served if value(one, "error_budget_left") is not None]
    over = [one for one in ranked if _left(one) < 0]
    said = [_over(one, href) for one in over[:3]]
    claims = [Claim(words, _OVERSPENT * min(-_left(one), 10)) for one, words in zip(over, said, strict=False)]
    if judged:
        kept = Said(
            f"{len(judged) - len(over)} of {plural(len(judged), 'endpoint')} kept within the error budget.", href
        )
        said.append(kept)
        claims.append(Claim(kept, _KEPT))
    if unknown := len(served) - len(judged):
        said.append(Said(f"Of {plural(unknown, 'endpoint')} nothing says how many requests succeeded.", href))
    slowest = max(served, key=lambda one: value(one, "latency_p95") or 0.0)
    if slow := value(slowest, "latency_p95"):
        words = Said(f"The slowest was {slowest.group}: p95 {seconds(slow)}.", href)
        said.append(words)
        claims.append(Claim(words, _KEPT / 2))
    rows = [
        (
            one.group,
            f"{value(one, 'requests_per_s') or 0:,.2f}/s",
            seconds(value(one, "latency_p50")),
            seconds(value(one, "latency_p95")),
            seconds(value(one, "ttft_p95")),
            success(value(one, "success_ratio")),
            share(value(one, "error_budget_left")),
        )
        for one in ranked[:_MOST]
    ]
    figures = [REGISTER[id_] for id_ in _FIGURES]
    heads = ("Endpoint", *(one.names[-1] for one in figures))
    title = f"Endpoints, {span(ask.start_ms, ask.end_ms)}"
    return Part(Section("Endpoints", said, (), (Table(title, heads, rows, (1, 2, 3, 4, 5, 6), False, href),)), claims)


def _left(group: GroupKpis) -> float:
    left = value(group, "error_budget_left")
    return 1.0 if left is None else left


def _over(group: GroupKpis, href: str) -> Said:
    rate = value(group, "burn_rate") or 0.0
    kept = success(value(group, "success_ratio"))
    return Said(f"{group.group} spent its error budget {rate:,.1f} times over: {kept} succeeded.", href, "bad")
