"""What travels over `/rest/v1/batch-jobs`: jobs as their runners report them, and plans of jobs to come."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.batch.report import Amount, Report, Source

__all__ = ["AskPlan", "Job", "Jobs", "Option", "Placement", "Plan", "Removed", "Report", "SpotZone"]


class Job(Struct, frozen=True):
    """A job as the server keeps it. `cost` is the runner's, else from the list price of its instances."""

    account: str
    region: str
    source: Source
    updated_ms: int
    report: Report
    cost: str | None = None
    currency: str = ""
    cost_basis: str = ""
    stale: bool = False
    """Whether its runner has said nothing for a minute while the job was under way."""


class Jobs(Struct, frozen=True):
    """Jobs, the last begun first."""

    jobs: list[Job]


class Removed(Struct, frozen=True):
    """The id of what was deleted."""

    removed: str


class SpotZone(Struct, frozen=True, forbid_unknown_fields=True):
    """How many spot machines a zone had at each tick."""

    zone: Annotated[str, Meta(max_length=64)]
    up: Annotated[list[Annotated[int, Meta(ge=0, le=1_000_000)]], Meta(min_length=2, max_length=200_000)]


class AskPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """A job to plan: its records, and the limits that it has.

    `measured` is records per second of one machine by type; those of recorded jobs (of `name`, where given) are taken
    for other types. `zones` is recorded availability of spot in ticks of `gap_s` seconds, each zone of the same length:
    without it spot is not planned with. `spot_share` is the price of spot ÷ on demand, where no history is known.
    """

    records: Annotated[float, Meta(gt=0, le=1e15)]
    name: Annotated[str, Meta(max_length=128)] = ""
    measured: Annotated[dict[Annotated[str, Meta(max_length=64)], Annotated[float, Meta(gt=0, le=1e12)]],
                        Meta(max_length=200)] = {}  # fmt: skip
    deadline_h: Annotated[float, Meta(gt=0, le=4000)] | None = None
    budget: Amount | None = None
    most: Annotated[int, Meta(ge=1, le=1000)] = 64
    start_min: Annotated[float, Meta(ge=0, le=600)] = 3.0
    zones: Annotated[list[SpotZone], Meta(max_length=32)] = []
    gap_s: Annotated[float, Meta(ge=60, le=86_400)] = 600.0
    spot_share: Annotated[float, Meta(gt=0, le=1)] | None = None


class Option(Struct, frozen=True):
    """So many machines, bought in one way: hours and cost on average and at worst (of spot, the 95th percentile).

    Of spot, `late` is the share of `starts` replayed that missed the deadline, and `by_rule` what other rules cost.
    """

    type: str
    count: int
    purchase: str
    hours: float | None
    worst_hours: float | None
    cost: str
    worst_cost: str
    currency: str
    fits_deadline: bool
    fits_budget: bool
    rule: str
    late: float
    starts: int
    by_rule: dict[str, str]


class Plan(Struct, frozen=True):
    """The cheapest option that fits (null: none does), others beside it, and the answer in words."""

    chosen: Option | None
    options: list[Option]
    words: str
    left_out: list[str]


class Placement(Struct, frozen=True):
    """Where a job with a deadline should run now, by Uniform Progress or the rule that was asked for, and why."""

    on: str
    why: str
    slack_h: float
    rule: str
