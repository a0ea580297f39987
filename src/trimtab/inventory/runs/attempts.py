"""Attempts of a run: what goes back to the queue keeps its id, and is submitted anew.

The newest attempt is the run of that id. Each earlier one that held GPUs is a run of its own, called by the id and the
time of its submission (`48213@20261130T101203Z`): its hours, nodes, cost and losses stay what they were, as accounting
has them (`sacct --duplicates`).
"""

import re
from datetime import UTC, datetime

from trimtab.base.records import replace
from trimtab.inventory.runs.model import Run, RunKey, RunState

_EARLIER = re.compile(r"@\d{8}T\d{6}Z$")
REQUEUED = "requeued"
"""Why an attempt ended of which nobody says more."""


def earlier_key(run: Run) -> RunKey:
    """What an attempt is called once there is a newer one."""
    submitted = datetime.fromtimestamp(run.submit_ms / 1000, UTC)
    return replace(run.key, job=f"{whole_key(run.key).job}@{submitted:%Y%m%dT%H%M%SZ}")


def whole_key(key: RunKey) -> RunKey:
    """The key of the run that an attempt is one of; of what is no earlier attempt, its own."""
    return replace(key, job=_EARLIER.sub("", key.job))


def is_earlier(key: RunKey) -> bool:
    """Whether it is the key of an earlier attempt."""
    return _EARLIER.search(key.job) is not None


def is_newer(now: Run, before: Run) -> bool:
    """Whether `now` is a newer attempt than `before`: submitted after that had started."""
    if before.start_ms is None or now.submit_ms <= before.start_ms:
        return False
    return now.start_ms is None or now.start_ms >= now.submit_ms


def closed(before: Run, now: Run) -> Run:
    """An attempt that nobody told the end of: it ended when it was submitted again."""
    before = replace(before, key=earlier_key(before))
    if not before.open:
        return before
    return replace(before, state=RunState.CANCELLED, reason=REQUEUED, end_ms=now.submit_ms)
