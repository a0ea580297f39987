"""What travels over `/rest/v1/canaries`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

MOST_RUNS = 100
"""Runs that a canary is shown with."""
Blueprint = Annotated[dict[str, Any], Meta(description="Synthetics' multi-check blueprint: `steps` by their numbers.")]


class StepOutcome(Struct, frozen=True):
    """What a step of a run found: why it failed (empty where it passed), how long it took, and an HTTP status."""

    name: str
    passed: bool
    reason: str
    took_ms: float
    status: int | None


class CanaryRun(Struct, frozen=True):
    """One run; `retry` is which of its attempts decided, from 0 on."""

    id: str
    began_ms: Millis
    ended_ms: Millis
    passed: bool
    reason: str
    retry: int
    steps: list[StepOutcome]


class CheckedCanary(Struct, frozen=True):
    """A canary and how it goes. `passed_share` is of its last runs (at most 100), null before the first."""

    name: str
    arn: str
    account: str
    region: str
    schedule: str
    blueprint: dict[str, Any]
    state: Literal["READY", "RUNNING", "STOPPED"]
    next_ms: Millis | None
    passed_share: float | None
    runs: list[CanaryRun]


class CanaryList(Struct, frozen=True):
    """Canaries by name, each with its last run alone."""

    canaries: list[CheckedCanary]


class PutCanary(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A canary as it is put; `retries` is how often a run that failed is tried again."""

    blueprint: Blueprint
    schedule: Annotated[str, Meta(max_length=256, description="rate(5 minutes), cron(…), or rate(0 minute): once.")] = (
        "rate(5 minutes)"
    )
    retries: Annotated[int, Meta(ge=0, le=2)] = 0
    timeout_s: Annotated[int, Meta(ge=3, le=840)] | None = None


class DeletedCanary(Struct, frozen=True):
    """The canary that was deleted."""

    name: str
