"""Days on which more was spent than was to be expected."""

from collections.abc import Sequence

from trimtab.base.clock import iso
from trimtab.base.coins import money
from trimtab.costs.anomalies.model import Anomaly
from trimtab.costs.anomalies.telling import place
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Said, Section
from trimtab.reports.written.wording import day

_MOST = 5


def anomalies_part(found: Sequence[Anomaly]) -> Part:
    """The section; empty where nothing was out of the ordinary."""
    if not found:
        return Part(Section("Cost anomalies", (Said("No day cost more than was to be expected.", "/cost-anomalies"),)))
    said = [_said(one) for one in found[:_MOST]]
    if len(found) > _MOST:
        said.append(Said(f"{len(found) - _MOST} smaller ones are on the page.", "/cost-anomalies"))
    claims = [Claim(words, float(one.finding.impact.total)) for one, words in zip(found[:_MOST], said, strict=False)]
    return Part(Section("Cost anomalies", said), claims)


def _said(anomaly: Anomaly) -> Said:
    found = anomaly.finding
    last = iso(found.end_ms - 1)[:10]
    when = (
        f"on {day(found.start_ms)}"
        if iso(found.start_ms)[:10] == last
        else f"from {day(found.start_ms)} to {day(found.end_ms - 1)}"
    )
    cause = found.causes[0] if found.causes else None
    of = f", most of it {cause.usage_type or cause.service} in account {cause.account}" if cause else ""
    text = (
        f"{place(found) or 'Untagged cost'} cost {money(found.impact.total, found.currency)} more than expected "
        f"{when}{of}."
    )
    return Said(text, f"/cost-anomalies/{anomaly.id}", "bad")
