"""LookupEvents: what CloudTrail keeps of the last 90 days without a trail, into the audit. Two calls a second at most:
for everything, import the files of a trail (`trimtab import cloudtrail s3://…`).
"""

import json
from collections.abc import Iterator
from itertools import islice

from trimtab.accounts.describe.contract import Calls
from trimtab.audit.model import AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.base.clock import to_datetime
from trimtab.base.errors import InvalidInput

MOST = 5000
"""Events of one region and read, the newest: 100 calls, a minute."""
OVERLAP_MS = 3_600_000
"""Events come up to a quarter of an hour late; those that are held already are left out."""


def read(calls: Calls, account: str, region: str, since_ms: int, now_ms: int) -> Iterator[AuditEvent]:
    """The newest events of a region. Blocks."""
    found = calls.pages(
        *("cloudtrail", region, "LookupEvents", "Events"),
        StartTime=to_datetime(since_ms),
        EndTime=to_datetime(now_ms),
    )
    for item in islice(found, MOST):
        try:
            yield event_of(json.loads(item["CloudTrailEvent"]), Origin.FILE, account=account, region=region)
        except (InvalidInput, ValueError, KeyError):  # no record of an event: nothing to keep
            continue
