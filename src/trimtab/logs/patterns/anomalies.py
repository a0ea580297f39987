"""What is unusual about the patterns of a log group, in words that every door shares. Plain facts; nothing here acts.

A `KnownPattern` is a template that a group has been seen to have. A `LogAnomaly` is a pattern that is new in its group,
that is gone, or whose rate left what its own history makes expect. A `LogDetector` is what a caller of
CreateLogAnomalyDetector asked for: groups are watched in any case, so it only says whose anomalies are shown under it.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from trimtab.base.partitions import partition_of

SLOT_MS = 300_000
"""Lines are counted by pattern and five minutes: the slots of the always-on detector of metrics."""
NAMESPACE = "trimtab/Logs"
"""Namespace of the metric of lines a pattern."""
METRIC = "PatternLines"
"""Lines of a pattern in five minutes; dimensions `LogGroup` and `Pattern`."""
GROUP_DIMENSION, PATTERN_DIMENSION = "LogGroup", "Pattern"


class Unusual(StrEnum):
    """Why a pattern is an anomaly."""

    NEW = "new"
    GONE = "gone"
    RATE = "rate"


class Priority(StrEnum):
    """How soon somebody should look, by CloudWatch Logs' names."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Suppression(StrEnum):
    """What a person said of an anomaly, by CloudWatch Logs' names; ACTIVE is nothing."""

    ACTIVE = "Active"
    SUPPRESSED = "Suppressed"
    BASELINE = "Baseline"


class KnownPattern(Struct, frozen=True):
    """A template of a group (its surrogate id), with when its lines came first and last (ms, of slots).

    `gap_ms` is the longest time between two of its slots; `lines` is all that were counted, `slots` how many had any.
    """

    group: int
    id: str
    template: str
    example: str
    severity: str
    first_ms: int
    last_ms: int
    gap_ms: int = 0
    lines: int = 0
    slots: int = 0


class LogAnomaly(Struct, frozen=True):
    """One anomaly. Times are ms; `last_ms` is when it was last seen, `counts` its lines by slot (start, ms).

    `expected` is lines a slot that were usual (0 for a new pattern); `series` the metric's series where it is one.
    """

    id: str
    account: str
    region: str
    log_group: str
    pattern: str
    template: str
    example: str
    severity: str
    unusual: Unusual
    first_ms: int
    last_ms: int
    active: bool
    expected: float
    description: str
    state: Suppression = Suppression.ACTIVE
    suppressed_ms: int | None = None
    suppressed_until_ms: int | None = None
    counts: Mapping[int, int] = field(default_factory=dict)
    series: int | None = None

    @property
    def priority(self) -> Priority:
        """Errors come first; what is new counts more than what is gone."""
        if self.severity == "error":
            return Priority.HIGH
        if self.severity == "warn" or self.unusual is Unusual.NEW:
            return Priority.MEDIUM
        return Priority.LOW


class LogDetector(Struct, frozen=True):
    """A detector as a caller made it: `groups` are ARNs; `visible_days` is how long an anomaly stays one."""

    id: str
    account: str
    region: str
    name: str
    groups: tuple[str, ...]
    created_ms: int
    modified_ms: int
    frequency: str = "FIVE_MIN"
    filter_pattern: str = ""
    visible_days: int = 21
    kms_key: str = ""
    paused: bool = False

    @property
    def arn(self) -> str:
        """The detector's ARN."""
        return f"arn:{partition_of(self.region)}:logs:{self.region}:{self.account}:anomaly-detector:{self.id}"
