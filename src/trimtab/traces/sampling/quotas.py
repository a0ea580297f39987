"""How a rule's reservoir is shared among its clients, and by how much a rate is boosted: pure.

A client borrows one trace a second until it has a quota. Quotas follow what each client saw last, so that together
they make the reservoir and never more.
"""

from collections.abc import Sequence

from trimtab.traces.sampling.model import BoostReport, Report, Rule

WANTED_ANOMALIES = 10
"""Failed requests of a report that a boost means to record: enough to look at, and the least boost that gives them."""


def quotas(reservoir: int, reports: Sequence[Report]) -> dict[str, int]:
    """Traces a second for each client, in proportion to its requests; the sum is the reservoir (largest remainders)."""
    if not reports:
        return {}
    total = sum(report.requests for report in reports)
    weights = {report.client: report.requests for report in reports} if total else dict.fromkeys(_clients(reports), 1)
    whole = sum(weights.values())
    shares = {client: divmod(reservoir * weight, whole) for client, weight in weights.items()}
    given = {client: share for client, (share, _) in shares.items()}
    left = reservoir - sum(given.values())
    for client in sorted(shares, key=lambda one: (-shares[one][1], one))[:left]:
        given[client] += 1
    return given


def boosted_rate(rule: Rule, reports: Sequence[BoostReport]) -> float | None:
    """The rate that would record WANTED_ANOMALIES of the failed requests just seen; None where the rule's own does."""
    if rule.boost is None:
        return None
    anomalies = sum(report.anomalies for report in reports)
    sampled = sum(report.sampled_anomalies for report in reports)
    wanted = min(anomalies, WANTED_ANOMALIES)
    if not anomalies or sampled >= wanted:
        return None
    rate = min(rule.boost.max_rate, max(wanted / anomalies, rule.rate))
    return rate if rate > rule.rate else None


def _clients(reports: Sequence[Report]) -> list[str]:
    return [report.client for report in reports]
