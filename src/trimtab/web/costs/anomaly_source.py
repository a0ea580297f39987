"""Which cost anomalies a question on the Costs page is about: of its days, and of what its filters let through."""

from trimtab.costs.anomalies.found import Wanted
from trimtab.costs.anomalies.model import Anomaly, Cause
from trimtab.costs.explorer.terms import split_filter
from trimtab.costs.model import Dimension, Facet
from trimtab.web.costs.question import Question
from trimtab.web.site import Site
from trimtab.web.view import View

_QUIET = ("NO", "PLANNED_ACTIVITY")


async def anomalies_of(site: Site, view: View, question: Question) -> list[Anomaly]:
    """Those that begin in the days of the question, without what people said was none, the largest first."""
    room = site.state.cost_anomalies
    if room is None or not question.is_money:
        return []
    start_ms, end_ms = question.span
    found = await room.found.listed(view.scope, Wanted(start_ms=start_ms))
    inside = [
        one
        for one in found
        if start_ms <= one.finding.start_ms < end_ms and one.feedback not in _QUIET and _passes(one, question.filters)
    ]
    return sorted(inside, key=lambda one: -one.finding.impact.total)


def _passes(anomaly: Anomaly, filters: tuple[str, ...]) -> bool:
    """Whether a cause has the values that filters name; of facets that causes do not have, nothing can be told."""
    wanted: dict[Facet, set[str]] = {}
    for text in filters:
        facet, sign, value = split_filter(text)
        if sign == "=":
            wanted.setdefault(facet, set()).add(value)
    return all(
        any(_value(cause, facet) in (None, *values) for cause in anomaly.finding.causes)
        for facet, values in wanted.items()
    )


def _value(cause: Cause, facet: Facet) -> str | None:
    match facet:
        case Dimension.SERVICE:
            return cause.service
        case Dimension.LINKED_ACCOUNT:
            return cause.account
        case Dimension.REGION:
            return cause.region
        case Dimension.USAGE_TYPE:
            return cause.usage_type
        case _:
            return None
