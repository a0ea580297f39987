"""What the REST API says about right-sizing: as msgspec structs, shared by server and client. Money is decimal text."""

from typing import Annotated

from msgspec import Meta, Struct


class SizeOption(Struct, frozen=True):
    """A size. `per_hour` "" is not known, with `note`; `capacity` by axis in the axis' own unit."""

    name: str
    per_hour: str
    currency: str
    note: str
    effort: str
    capacity: dict[str, float]
    unknown: list[str]


class Advised(Struct, frozen=True):
    """A size that is recommended. `saving` a month, "" where not known; `projected` in shares of it; `risk` 0 to 4."""

    option: SizeOption
    rank: int
    risk: float
    projected: dict[str, float]
    saving: str
    saving_share: float | None
    over: float
    headroom: float


class Walked(Struct, frozen=True):
    """What a strategy's decisions came to over the past. `sizes` and `over_by_day` by day, where they were asked for.

    `over_by_day` has null for days that are not judged; the last of `sizes` is tomorrow's.
    """

    strategy: str
    cost: str
    over: float
    headroom: float
    changes: int
    sizes: list[str]
    over_by_day: list[float | None]


class Recommendation(Struct, frozen=True):
    """What is said of a resource. `used` and `observed` are in shares of the size now.

    `saving` is a month at list prices; `planned` what it adds in the plan, off the invoice, with how that came about
    ("" where no plan has it).
    """

    id: str
    kind: str
    resource: str
    name: str
    type: str
    account: str
    region: str
    owner: str
    count: float
    arn: str
    finding: str
    reasons: list[str]
    reason: str
    idle: bool
    idle_reason: str
    saving: str
    currency: str
    risk: float
    days: float
    pick: str
    notes: list[str]
    used: dict[str, float]
    observed: dict[str, float]
    current: SizeOption | None
    advised: list[Advised]
    replays: list[Walked]
    command: str
    diff: str
    restart: bool
    at_ms: int
    planned: str = ""
    planned_currency: str = ""
    planned_note: str = ""


class RecommendationList(Struct, frozen=True):
    """Recommendations, the most worth first, and how many there are of each kind and finding ("kind/finding")."""

    recommendations: list[Recommendation]
    counts: dict[str, int]
    more: bool


class NotSized(Struct, frozen=True):
    """A resource of the inventory that is not judged, and why."""

    resource: str
    kind: str
    reason: str


class NotSizedList(Struct, frozen=True):
    """All of them: every other resource has a recommendation, or one that says why its size is not known."""

    resources: list[NotSized]


class Recompute(Struct, frozen=True, forbid_unknown_fields=True):
    """What to recompute: one kind, or all ("")."""

    kind: Annotated[str, Meta(max_length=64)] = ""


class Recomputed(Struct, frozen=True):
    """How many recommendations there are now, and how long it took (ms)."""

    recommendations: int
    took_ms: int
