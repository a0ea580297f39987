"""An anomaly detector as its owner put it: which metric or expression it watches, and how it learns."""

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.ids import hash64


class Training(StrEnum):
    """How far a detector is; CloudWatch's words."""

    PENDING = "PENDING_TRAINING"
    INSUFFICIENT = "TRAINED_INSUFFICIENT_DATA"
    TRAINED = "TRAINED"


class Adaptation(StrEnum):
    """How soon a new level is the normal one."""

    FAST = "FAST"
    NORMAL = "NORMAL"
    SLOW = "SLOW"


class Filtering(StrEnum):
    """How much of the history may be wild without widening the band."""

    MINIMAL = "MINIMAL"
    MODERATE = "MODERATE"
    STRICT = "STRICT"


class Target(Struct, frozen=True):
    """What is watched: one statistic of one metric, or (then `queries` is not empty) a metric math expression.

    `queries` are MetricDataQueries in CloudWatch's form. `account` is the owner of the metric where that is another
    account than the detector's.
    """

    namespace: str = ""
    name: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    stat: str = ""
    account: str = ""
    queries: tuple[dict[str, Any], ...] = ()

    def id(self) -> str:
        """A stable name: two detectors with the same target are one."""
        text = msgspec.json.encode(self, order="deterministic").decode()
        return f"{hash64(text):016x}{hash64(text[::-1]):016x}"


class Settings(Struct, frozen=True):
    """How it learns. `excluded` are ranges (ms, half-open) that are not learnt from; `zone` is a tz database name."""

    excluded: tuple[tuple[int, int], ...] = ()
    zone: str = ""
    spikes: bool | None = None
    adaptation: Adaptation | None = None
    filtering: Filtering | None = None


class Detector(Struct, frozen=True):
    """A detector that is kept. `version` counts changes of its settings; `trained_ms` is 0 until it was trained."""

    account: str
    region: str
    target: Target
    settings: Settings
    version: int = 1
    state: Training = Training.PENDING
    trained_ms: int = 0
    created_ms: int = 0

    @property
    def id(self) -> str:
        """The id within its account and region."""
        return self.target.id()

    def seen_by(self, scope: Scope) -> bool:
        """Whether a scope covers it: as it covers the metric; of an expression no tag is known."""
        placed = (scope.accounts is None or self.account in scope.accounts) and (
            scope.regions is None or self.region in scope.regions
        )
        return placed and scope.sees(dict(self.target.dimensions))
