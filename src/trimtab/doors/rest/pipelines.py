"""`/rest/v1/pipelines` and `/rest/v1/pipeline-runs`: what rules start, once in a cool-down, and why."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.client import pipelines_wire as wire
from trimtab.client.triggers_wire import Done
from trimtab.doors.rest.event_rules import Triggering, place_of
from trimtab.doors.rest.spec import Call, Operation
from trimtab.triggers.pipelines.by_hand import NAME as START
from trimtab.triggers.pipelines.model import Cause, Pipeline, Run

_PATH, _RUNS, _TAG = "/rest/v1/pipelines", "/rest/v1/pipeline-runs", "pipelines"
_NAME: Mapping[str, str] = {"name": "The name of the pipeline."}
_ID: Mapping[str, str] = {"id": "The id of the run."}


class RunsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which runs."""

    pipeline: Annotated[str | None, Meta(description="Of this pipeline only.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100
    before: Annotated[Annotated[int, Meta(ge=0, le=2**53)] | None, Meta(description="`next` of the page before.")] = (
        None
    )


def operations(needs: Triggering) -> list[Operation]:
    """The operations on pipelines and runs."""
    return [*_pipelines(needs), *_runs(needs)]


def _pipelines(needs: Triggering) -> list[Operation]:
    room = needs.room

    async def listed(call: Call[Any, None]) -> wire.PipelineList:
        found = await room.pipelines.listed(call.principal.account)
        return wire.PipelineList([_pipeline(one) for one in found], room.pipelines.commands())

    async def put(call: Call[Any, wire.PutPipeline]) -> wire.Pipeline:
        asked = call.body
        place = place_of(needs, call.principal)
        return _pipeline(
            await room.pipelines.put(place, asked.name, asked.kind, asked.form, asked.cooldown_s, asked.description)
        )

    async def remove(call: Call[Any, None]) -> Done:
        await room.pipelines.delete(place_of(needs, call.principal), call.path["name"])
        return Done(f"removed {call.path['name']}")

    async def start(call: Call[Any, wire.StartPipeline]) -> wire.Started:
        place, asked = place_of(needs, call.principal), call.body
        target = f"{place.account}/{place.region}/{call.path['name']}"
        wish = {"reason": f"{asked.reason}, by {call.principal.name}", "input": asked.input}
        if key := call.headers.get("idempotency-key"):
            wish["request"] = key
        done = await needs.delivering.actuators.run(
            START, target, wish, requested_by=call.principal.name, dry_run=asked.dry_run
        )
        return wire.Started(done.plan.summary if asked.dry_run else done.outcome, asked.dry_run)

    one = f"{_PATH}/{{name}}"
    return [
        Operation("GET", _PATH, "list pipelines", "Every pipeline.", listed, wire.PipelineList, tag=_TAG),
        Operation(
            "POST",
            _PATH,
            "put pipeline",
            "Make or replace a pipeline. Commands are those that the settings' file names.",
            put,
            wire.Pipeline,
            body=wire.PutPipeline,
            role=Role.WRITE,
            tag=_TAG,
        ),
        Operation(
            "DELETE",
            one,
            "remove pipeline",
            "Remove a pipeline; its runs stay on record.",
            remove,
            Done,
            errors=(404,),
            path_parameters=_NAME,
            role=Role.WRITE,
            tag=_TAG,
        ),
        Operation(
            "POST",
            f"{one}/start",
            "start pipeline",
            "Start a pipeline by hand, within its cool-down; or say what would be.",
            start,
            wire.Started,
            body=wire.StartPipeline,
            status=202,
            errors=(404,),
            path_parameters=_NAME,
            role=Role.WRITE,
            tag=_TAG,
        ),
    ]


def _runs(needs: Triggering) -> list[Operation]:
    room = needs.room

    async def listed(call: Call[RunsQuery, None]) -> wire.PipelineRunPage:
        asked = call.query
        found = await room.runs.page(
            call.principal.account, pipeline=asked.pipeline, before_ms=asked.before, limit=asked.limit
        )
        causes = await room.runs.causes([one.id for one in found])
        more = found[-1].at_ms if len(found) == asked.limit else None
        return wire.PipelineRunPage([run_on_wire(one, causes.get(one.id, ())) for one in found], more)

    async def get(call: Call[Any, None]) -> wire.PipelineRun:
        found = await room.runs.get(call.principal.account, call.path["id"])
        causes = await room.runs.causes([found.id])
        return run_on_wire(found, causes.get(found.id, ()))

    return [
        Operation(
            "GET",
            _RUNS,
            "list pipeline runs",
            "The timeline of causes, rules, runs and outcomes, the newest first.",
            listed,
            wire.PipelineRunPage,
            query=RunsQuery,
            tag=_TAG,
        ),
        Operation(
            "GET",
            f"{_RUNS}/{{id}}",
            "get pipeline run",
            "One run with its causes and what it printed.",
            get,
            wire.PipelineRun,
            errors=(404,),
            path_parameters=_ID,
            tag=_TAG,
        ),
    ]


def run_on_wire(run: Run, causes: Sequence[Cause]) -> wire.PipelineRun:
    """A run as it is shown."""
    return wire.PipelineRun(
        run.id,
        run.pipeline,
        run.kind,
        run.state.value,
        run.why,
        run.rule,
        run.at_ms,
        run.until_ms,
        run.started_ms,
        run.finished_ms,
        run.external,
        run.outcome,
        run.output,
        [wire.RunCause(one.delivery, one.event, one.rule, one.title, one.at_ms, one.folded) for one in causes],
    )


def _pipeline(one: Pipeline) -> wire.Pipeline:
    return wire.Pipeline(
        one.name,
        one.arn,
        one.place.account,
        one.place.region,
        one.kind,
        dict(one.form),
        one.cooldown_s,
        one.description,
        one.created_ms,
    )
