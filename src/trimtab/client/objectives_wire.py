"""What travels over `/rest/v1/objectives`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

ObjectiveName = Annotated[str, Meta(min_length=2, max_length=128)]
ObjectiveForm = Annotated[
    dict[str, Any],
    Meta(description="As CreateServiceLevelObjective takes it, without Name and Tags; times are milliseconds."),
]


class BurnRate(Struct, frozen=True):
    """How fast the budget was spent over the last `minutes`: at 1 it lasts its interval; null without events."""

    minutes: int
    rate: float | None


class Objective(Struct, frozen=True):
    """An objective, and what is left of its budget in the interval from `start_ms` to `end_ms`.

    `budget` and `left` are in `unit`; `left_share` is below 0 where more was spent. `attainment` and `promised` are
    percentages; `attainment` is null while nothing was counted. `problem` says why there is no report.
    """

    name: str
    arn: str
    account: str
    region: str
    description: str
    definition: dict[str, Any]
    exclusions: list[dict[str, Any]]
    promised: float
    status: Literal["OK", "WARNING", "BREACHED", "INSUFFICIENT_DATA"]
    start_ms: Millis
    end_ms: Millis
    unit: Literal["seconds", "requests"]
    attainment: float | None
    budget: float
    left: float
    left_share: float | None
    total: float
    bad: float
    burn_rates: list[BurnRate]
    problem: str = ""


class ObjectiveList(Struct, frozen=True):
    """Objectives by name."""

    objectives: list[Objective]


class PutObjective(Struct, frozen=True, forbid_unknown_fields=True):
    """An objective as it is put."""

    definition: ObjectiveForm


class Exclude(Struct, frozen=True, forbid_unknown_fields=True):
    """Times that do not count, to add and to remove, as BatchUpdateExclusionWindows has them, but in ms."""

    add: Annotated[list[dict[str, Any]], Meta(max_length=10)] = []
    remove: Annotated[list[dict[str, Any]], Meta(max_length=10)] = []


class DeletedObjective(Struct, frozen=True):
    """The objective that was deleted."""

    name: str
