"""What travels over `/rest/v1/pipelines` and `/rest/v1/pipeline-runs`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from trimtab.client.triggers_wire import Json, Name
from trimtab.client.wire import Millis

PipelineKind = Literal["command", "sagemaker", "workflow", "webhook"]
RunStateName = Literal["waiting", "running", "succeeded", "failed", "handed over"]


class PutPipeline(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that rules start at most once in `cooldown_s` seconds.

    `form` is, for a command, its `command`; for sagemaker the `pipeline` and `parameters`; for a workflow
    `repository`, `workflow`, `ref`, `connection`, `inputs` and `api`; for a webhook `url` and `connection`.
    """

    name: Name
    kind: PipelineKind
    form: Annotated[dict[str, Any], Meta(max_length=10)]
    cooldown_s: Annotated[int, Meta(ge=0, le=31_622_400)] = 3600
    description: Annotated[str, Meta(max_length=512)] = ""


class Pipeline(Struct, frozen=True):
    """A pipeline. Rules name it by its `arn`."""

    name: str
    arn: str
    account: str
    region: str
    kind: str
    form: dict[str, Any]
    cooldown_s: int
    description: str
    created_ms: Millis


class PipelineList(Struct, frozen=True):
    """Every pipeline, and the commands that the settings name."""

    pipelines: list[Pipeline]
    commands: list[str]


class StartPipeline(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A start by hand, which keeps to the cool-down too. A dry run only says what would be."""

    reason: Annotated[str, Meta(max_length=300)] = "started by hand"
    input: Json = "{}"
    dry_run: bool = False


class RunCause(Struct, frozen=True):
    """An event that started the run, or that came in its cool-down (`folded`)."""

    delivery: str
    event: str
    rule: str
    title: str
    at_ms: Millis
    folded: bool


class PipelineRun(Struct, frozen=True):
    """One run: what caused it, by which rule, when it ran, and how it ended."""

    id: str
    pipeline: str
    kind: str
    state: RunStateName
    why: str
    rule: str
    at_ms: Millis
    until_ms: Annotated[int, Meta(description="Causes until then are of this run too.")]
    started_ms: Millis | None
    finished_ms: Millis | None
    external: str
    outcome: str
    output: str
    causes: list[RunCause] = field(default_factory=list)


class PipelineRunPage(Struct, frozen=True):
    """Runs, those of the newest causes first. `next` is the `before` of the next page, null on the last."""

    runs: list[PipelineRun]
    next: int | None


class Started(Struct, frozen=True):
    """What came, or would come, of a start."""

    outcome: str
    dry_run: bool
