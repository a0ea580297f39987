"""What policies found: counted as a metric, and told in a log group where a policy names one.

An event counts once a policy, however much is in it. Reports say where the data are, never what they are.
Source: CloudWatch Logs user guide, "Audit findings reports".
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from trimtab.base.clock import Clock, iso
from trimtab.base.tags import make_tags
from trimtab.logs.filters.emission import Emit, Measured
from trimtab.logs.groups import LogGroups
from trimtab.logs.ingest import LogIngest
from trimtab.logs.model import Finding, Group, LogBatch, LogEvent

NAMESPACE, METRIC = "AWS/Logs", "LogEventsWithFindings"
STREAM = "data-protection"
"""The stream of a group that findings are told in."""


class AuditFindings:
    """A tap of the ingest."""

    def __init__(self, emit: Emit, groups: LogGroups, ingest: LogIngest, clock: Clock) -> None:
        self._emit = emit
        self._groups = groups
        self._ingest = ingest
        self._clock = clock

    async def __call__(self, batches: Sequence[LogBatch]) -> None:
        """Count and tell what is found in `batches`. Raises what the port and the ingest raise."""
        now_ms = self._clock.now_ms()
        counted: Counter[tuple[Group, str, int]] = Counter()
        told: dict[tuple[Group, str], list[LogEvent]] = defaultdict(list)
        for batch in batches:
            for event in (one for one in batch.events if one.findings):
                for policy, found in _by_policy(event.findings).items():
                    counted[batch.group, policy, event.time_ms] += 1
                    if found[0].told_in:
                        told[batch.group, found[0].told_in].append(
                            LogEvent(now_ms, _report(batch.group, found, now_ms))
                        )
        if counted:
            await self._emit([_point(*key, count) for key, count in counted.items()])
        for (group, name), events in told.items():
            target, (stream,) = await self._groups.ensure(group.account, group.region, name, [STREAM])
            await self._ingest.write([LogBatch(target, stream, events)])


def _by_policy(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in findings:
        found.setdefault(one.policy, []).append(one)
    return found


def _point(group: Group, policy: str, time_ms: int, count: int) -> Measured:
    named = {"LogGroupName": group.name, "PolicyName": policy[:255]}
    dimensions = make_tags({name: value for name, value in named.items() if value})
    return Measured(group.account, group.region, NAMESPACE, METRIC, "Count", dimensions, time_ms, 1.0, count)


def _report(group: Group, findings: Sequence[Finding], now_ms: int) -> str:
    identifiers: list[dict[str, Any]] = [
        {
            "name": one.identifier,
            "count": len(one.spans),
            "detections": [{"start": start, "end": end} for start, end in one.spans],
        }
        for one in findings
    ]
    report = {"auditTimestamp": iso(now_ms), "resourceArn": f"{group.arn}:*", "dataIdentifiers": identifiers}
    return msgspec.json.encode(report).decode()
