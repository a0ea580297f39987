"""Anomalies of several monitors that one cause explains are one incident, led by what is narrowest.

An anomaly is explained by narrower ones of other monitors that share causes with it: that began with it, or whose
causes make a third of its own.
"""

from collections import Counter
from collections.abc import Sequence, Set
from decimal import Decimal

from trimtab.base.records import replace
from trimtab.costs.anomalies.gathering import EXPLAINS, began_together, may_explain
from trimtab.costs.anomalies.model import Anomaly, Cause, Wider

Cell = tuple[str, str, str, str]


def led(anomalies: Sequence[Anomaly]) -> list[Anomaly]:
    """The incidents: each by the anomaly that leads it, with the `others` that it explains, in the order given.

    One that several explain together is with each of them.
    """
    by_width = sorted(anomalies, key=_width)
    leads: list[Anomaly] = []
    others: dict[str, list[Anomaly]] = {}
    for anomaly in by_width:
        explaining = _explaining(anomaly, leads)
        for lead in explaining:
            others[lead.id].append(anomaly)
        if not explaining:
            leads.append(anomaly)
            others[anomaly.id] = []
    order = {one.id: at for at, one in enumerate(anomalies)}
    leads.sort(key=lambda one: order[one.id])
    return [replace(one, others=tuple(others[one.id])) for one in leads]


def _width(anomaly: Anomaly) -> tuple[int, Decimal, int, str]:
    """How wide the part of the bill is: by how exactly it is named, then by what it costs, then by age."""
    named = sum(bool(part) for part in anomaly.finding.origin.parts)
    return -named, anomaly.finding.impact.expected, anomaly.found_ms, anomaly.id


def _explaining(anomaly: Anomaly, leads: Sequence[Anomaly]) -> list[Anomaly]:
    """The leads that explain an anomaly of another monitor, none where all of them do not."""
    finding = anomaly.finding
    parts = {_cell(cause): cause.contribution for cause in finding.causes}
    whole, covered, found = sum(parts.values(), Decimal(0)), set[Cell](), []
    for lead in leads:
        other = lead.finding
        shared = {_cell(cause) for cause in other.causes} & set(parts)
        if lead.monitor != anomaly.monitor and other.currency == finding.currency and may_explain(other, finding):
            covered |= shared
            found += [lead] if shared else []
    by_money = sum((parts[cell] for cell in covered), Decimal(0)) >= EXPLAINS * whole
    began = any(began_together(lead.finding, finding) for lead in found)
    return found if by_money or began else []


def _cell(cause: Cause) -> Cell:
    return cause.service, cause.account, cause.region, cause.usage_type


def members_of(incident: Anomaly) -> set[str]:
    """The ids of all anomalies of an incident."""
    return {incident.id, *(one.id for one in incident.others)}


def news_among(incidents: Sequence[Anomaly], known: Set[str]) -> list[Anomaly]:
    """The incidents of which nothing is known: neither what leads them nor what only they explain.

    What several explain together may be known of another one.
    """
    shares = Counter(id_ for one in incidents for id_ in members_of(one))
    return [one for one in incidents if not any(id_ in known and shares[id_] == 1 for id_ in members_of(one))]


def wider_of(incident: Anomaly) -> list[Wider]:
    """Where else it was seen: in the wider parts of the bill around it, and by other monitors."""
    of_others = [
        Wider(one.finding.value or "what a custom monitor watches", one.finding.impact) for one in incident.others
    ]
    return [*incident.finding.wider, *of_others]
