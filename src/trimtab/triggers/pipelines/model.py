"""Words of pipelines: what can be started, what was started, and why."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from trimtab.triggers.arns import Place

KINDS = ("command", "sagemaker", "workflow", "webhook")
"""A command of the settings' file, a SageMaker pipeline, a GitHub-style workflow_dispatch, a POST to a URL."""
IMPLICIT_COOLDOWN_S = 0


class Pipeline(Struct, frozen=True):
    """Something that rules start, at most once in `cooldown_s` seconds of its causes' time."""

    place: Place
    name: str
    kind: str
    form: Mapping[str, Any]
    cooldown_s: int
    description: str = ""
    created_ms: int = 0

    @property
    def arn(self) -> str:
        """The ARN that targets name it by."""
        return self.place.arn("trimtab", f"pipeline/{self.name}")


class RunState(StrEnum):
    """Where a run is. One that was handed over runs elsewhere and does not tell how it ends."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    HANDED_OVER = "handed over"

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self not in (RunState.WAITING, RunState.RUNNING)


class Run(Struct, frozen=True):
    """One start of a pipeline. Its id is made of the pipeline and the first cause.

    `at_ms` is when the cause happened; causes until `until_ms` are of this run too.
    """

    id: str
    place: Place
    pipeline: str
    kind: str
    form: Mapping[str, Any]
    delivery: str
    rule: str
    why: str
    input: str
    at_ms: int
    until_ms: int
    state: RunState
    attempts: int
    next_ms: int
    created_ms: int
    started_ms: int | None
    finished_ms: int | None
    external: str
    outcome: str
    output: str


class Cause(Struct, frozen=True):
    """A delivery that started a run, or that came in its cool-down (`folded`)."""

    delivery: str
    run: str
    event: str
    rule: str
    title: str
    at_ms: int
    folded: bool
