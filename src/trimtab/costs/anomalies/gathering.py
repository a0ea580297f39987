"""What the levels of one monitor found as incidents: each once, named by the narrowest part that explains it.

A resource that rises lifts its usage type and its service. The rise of a wider part that narrower ones explain, by
what they cost or because one of them began with it, is no incident of its own: it is told beside theirs. The rise of a
line that its resources do not explain takes them in. What began together in one service, in one account or of one usage
type, has one cause.
"""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.base.records import replace
from trimtab.costs.anomalies.model import Finding, Impact, Kind, Wider
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.overspend import SETTLED

_TOGETHER_MS = DAY_MS
"""How far apart first days of one cause may be: late lines, and noise that hides a day."""
_OF_A_LINE_MS = 3 * DAY_MS
"""The same of resources of one line."""
EXPLAINS = Decimal(1) / 3
"""The share of a rise that narrower parts must make to explain it: noise and growth of the rest are in it too."""
_DRIFT_MS = 35 * DAY_MS
"""How far back a drift looks: `timeseries/overspend.py` holds the last week against that of four weeks before."""
_AGAIN_MS = 3 * DAY_MS
"""Quiet days after which a part that is too dear again is a new incident."""


def gathered(levels: Sequence[Sequence[Finding]]) -> list[Finding]:
    """The incidents of findings in one currency, `levels` from the narrowest to the widest."""
    incidents: list[Finding] = []
    for findings in levels:
        incidents = _under(_together(incidents), _joined(findings))
    return _together(incidents)


def _joined(findings: Sequence[Finding]) -> list[Finding]:
    """Days of one part that are hardly apart are one finding."""
    joined: list[Finding] = []
    for finding in sorted(findings, key=lambda one: (one.value, one.origin.parts, one.start_ms)):
        last = joined[-1] if joined else None
        same = last is not None and (last.value, last.origin) == (finding.value, finding.origin)
        if last is not None and same and finding.start_ms - last.end_ms <= _AGAIN_MS:
            joined[-1] = _merged([last, finding])
        else:
            joined.append(finding)
    return joined


def _together(findings: Sequence[Finding]) -> list[Finding]:
    """What began together in a service, in one account or of one usage type, as one."""
    groups: list[list[Finding]] = []
    for finding in sorted(findings, key=lambda one: (one.start_ms, one.value, one.origin.parts)):
        own = [group for group in groups if any(_one_cause(finding, other) for other in group)]
        groups = [group for group in groups if group not in own]
        groups.append([*(one for group in own for one in group), finding])
    return [_merged(group) for group in groups]


def _one_cause(one: Finding, other: Finding) -> bool:
    mine, its = one.origin, other.origin
    if mine.usage_type and mine.line == its.line:
        return abs(one.start_ms - other.start_ms) <= _OF_A_LINE_MS
    alike = mine.account == its.account != "" or mine.usage_type == its.usage_type != ""
    return began_together(one, other) and alike and mine.service == its.service


def _under(incidents: Sequence[Finding], wider: Sequence[Finding]) -> list[Finding]:
    """The incidents with what a wider level found: beside those that explain it, or instead of those in it."""
    kept = list(incidents)
    for parent in wider:
        inside = [one for one in kept if parent.origin.holds(one.origin) and may_explain(one, parent)]
        by_money = sum((_share(one, parent) for one in inside), Decimal(0)) >= EXPLAINS * parent.impact.total
        of_line = bool(parent.origin.usage_type)
        began = any(began_together(one, parent) for one in inside)
        explained = by_money or (began and not of_line)
        taken = inside if of_line and not explained else []
        context = Wider(parent.origin.words or parent.value, parent.impact)
        kept = [replace(one, wider=(*one.wider, context)) if one in inside else one for one in kept if one not in taken]
        if not explained:
            kept.append(parent)
    return kept


def began_together(one: Finding, other: Finding) -> bool:
    """Whether two began on the same day, as far as bills tell days."""
    return abs(one.start_ms - other.start_ms) <= _TOGETHER_MS


def may_explain(one: Finding, parent: Finding) -> bool:
    """Whether one may explain another by its days; a drift may come of what rose in the weeks before."""
    since = parent.start_ms - (_DRIFT_MS if parent.kind is Kind.DRIFT else 0)
    return one.start_ms <= parent.end_ms and since <= one.end_ms


def _share(one: Finding, parent: Finding) -> Decimal:
    """What of a rise a part may make: its impact in the same days; what lasted until it settled goes on as it was."""
    days, lasted = parent.end_ms - parent.start_ms, one.end_ms - one.start_ms
    since = max(one.start_ms, parent.start_ms)
    until = parent.end_ms if lasted >= SETTLED * DAY_MS else min(one.end_ms, parent.end_ms)
    return one.impact.total * min(max(until - since, 0), days) / lasted


def _merged(findings: Sequence[Finding]) -> Finding:
    first = findings[0]
    if len(findings) == 1:
        return first
    origin = first.origin
    for one in findings[1:]:
        origin = origin.common(one.origin)
    impacts = [one.impact for one in findings]
    last = max(findings, key=lambda one: one.end_ms)
    kinds = {one.kind for one in findings}
    return replace(
        first,
        start_ms=min(one.start_ms for one in findings),
        end_ms=last.end_ms,
        open=last.open,
        kind=kinds.pop() if len(kinds) == 1 else Kind.RISE,
        max_score=max(one.max_score for one in findings),
        current_score=last.current_score,
        impact=Impact(
            max(one.most for one in impacts),
            sum((one.actual for one in impacts), Decimal(0)),
            sum((one.expected for one in impacts), Decimal(0)),
        ),
        origin=origin,
        wider=tuple(dict.fromkeys(context for one in findings for context in one.wider)),
    )
