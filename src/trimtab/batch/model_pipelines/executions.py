"""Executions of pipelines: steps begin when those before them are over, and what they do is a job like any other."""

import asyncio
import contextlib
import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base import typed
from trimtab.base.clock import Clock, iso
from trimtab.base.errors import Conflict, InvalidInput, NotFound, TrimtabError
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.batch.containers.asked import asked_of
from trimtab.batch.containers.shapes import described
from trimtab.batch.containers.telling import Announce
from trimtab.batch.model_pipelines.definition import Definition, Known, Step, holds, read, resolved
from trimtab.batch.model_pipelines.registry import ModelRegistry
from trimtab.batch.places import Places
from trimtab.inventory.served.model import (
    EXECUTION,
    MODEL,
    PACKAGE,
    PIPELINE,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    Served,
    arn_of,
)
from trimtab.inventory.served.store import ServedStore

EXECUTING, STOPPING, STOPPED, FAILED, SUCCEEDED = "Executing", "Stopping", "Stopped", "Failed", "Succeeded"
DUE_AS = {EXECUTION: (EXECUTING, STOPPING)}
"""By kind, the statuses of resources for which a turn has something to do."""
_JOBS = {"Training": TRAINING, "Processing": PROCESSING, "Transform": TRANSFORM}
_ENDS = {"Completed": SUCCEEDED, "Failed": FAILED, "Stopped": STOPPED}
_CHANGED = "SageMaker Model Building Pipeline Execution Status Change"
_UNFIT = re.compile(r"[^A-Za-z0-9-]+")
_LONGEST_NAME = 63
_STEPS_FAILED = "Step failure: One or multiple steps failed."


class PipelineExecutions(Struct, frozen=True):
    """Starts executions and moves them on. `folder` is for copies of what lies in S3."""

    served: ServedStore
    clock: Clock
    places: Places
    folder: Path
    registry: ModelRegistry
    announce: Announce

    async def start(
        self, place: tuple[str, str], name: str, parameters: Mapping[str, Any], token: str = "", said: str = "",
        shown: str = "",
    ) -> Served:  # fmt: skip
        """Start a pipeline; the same `token` again is the same execution. Raises NotFound, InvalidInput."""
        pipeline = await self.served.get(place, PIPELINE, name)
        definition = read(pipeline.form["PipelineDefinition"])
        unknown = sorted({*parameters} - {*definition.parameters})
        if unknown:
            raise InvalidInput(f"pipeline {name} has no parameter {unknown[0]}")
        id_ = hashlib.sha256(f"{pipeline.arn}/{pipeline.created_ms}/{token or new_id()}".encode()).hexdigest()[:12]
        form = {
            "PipelineDefinition": pipeline.form["PipelineDefinition"],
            "Parameters": {**definition.parameters, **parameters},
            "PipelineName": pipeline.name,
            "Description": said,
            "DisplayName": shown or f"execution-{self.clock.now_ms()}",
        }
        try:
            made = await self.served.create(place, EXECUTION, f"{pipeline.name}/execution/{id_}", form, EXECUTING)
        except Conflict:
            return await self.served.get(place, EXECUTION, f"{pipeline.name}/execution/{id_}")
        await self._tell(made)
        return made

    async def look(self, place: tuple[str, str], arn: str) -> Served | None:
        """An execution by its ARN; None where there is none of it."""
        every = await self.served.listed(Scope.of(*place), EXECUTION)
        return next((one for one in every if execution_arn(one) == arn), None)

    async def turn(self) -> None:
        """Move every execution on that is under way."""
        for one in await self.served.listed(EVERYTHING, EXECUTION, DUE_AS[EXECUTION]):
            await self._move(one)

    async def _move(self, one: Served) -> None:
        definition = read(one.form["PipelineDefinition"])
        steps: dict[str, dict[str, Any]] = {name: dict(step) for name, step in (one.state.get("steps") or {}).items()}
        before = str(steps)
        for step in definition.steps:
            mine = steps.get(step.name)
            if mine is not None and mine["status"] == EXECUTING:
                await self._look(one, step, mine)
        halted = one.status == STOPPING or any(step["status"] in (FAILED, STOPPED) for step in steps.values())
        if not halted:
            for step in _ready(definition, steps):
                steps[step.name] = await self._begin(one, definition, step, steps)
        running = any(step["status"] == EXECUTING for step in steps.values())
        failed = any(step["status"] == FAILED for step in steps.values())
        over = not running and (halted or failed or not _ready(definition, steps))
        if str(steps) != before or over:
            state = {**one.state, "steps": steps}
            status = one.status
            if over:
                status = FAILED if failed else STOPPED if halted else SUCCEEDED
                state |= {"ended_ms": self.clock.now_ms(), "problem": _STEPS_FAILED if failed else ""}
            await self.served.change(one, state=state, status=status if over else None)
            if over:
                await self._tell(replace(one, status=status, state=state))

    async def _look(self, one: Served, step: Step, mine: dict[str, Any]) -> None:
        """What became of a step's job."""
        place = one.account, one.region
        try:
            job = await self.served.get(place, _JOBS[step.type], mine["job"])
        except NotFound:
            mine |= {"status": FAILED, "problem": f"job {mine['job']} was deleted", "ended_ms": self.clock.now_ms()}
            return
        if job.status in _ENDS:
            mine |= {"status": _ENDS[job.status], "ended_ms": self.clock.now_ms()}
            if job.state.get("problem"):
                mine["problem"] = f"ClientError: {job.state['problem']}"
        elif one.status == STOPPING:
            await self.served.change(job, status="Stopping", only_from=("InProgress",))

    async def _begin(
        self, one: Served, definition: Definition, step: Step, steps: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Begin a step; those that are no job are over at once."""
        now_ms = self.clock.now_ms()
        mine: dict[str, Any] = {"status": SUCCEEDED, "began_ms": now_ms}
        if step.parent and steps[step.parent].get("outcome") != step.branch:
            return {"status": "Skipped", "began_ms": now_ms, "ended_ms": now_ms}
        try:
            known = await self._known(one, definition, steps)
            if step.type == "Condition":
                mine["outcome"] = holds(step.arguments.get("Conditions") or (), known)
            elif step.type == "Fail":
                raise InvalidInput(str(resolved(step.arguments.get("ErrorMessage", ""), known)))
            else:
                mine |= await self._made(one, step, resolved(step.arguments, known))
        except (TrimtabError, KeyError, TypeError, AttributeError) as problem:
            mine |= {"status": FAILED, "problem": f"ClientError: {problem}"}
        if mine["status"] != EXECUTING:
            mine["ended_ms"] = self.clock.now_ms()
        return mine

    async def _made(self, one: Served, step: Step, form: dict[str, Any]) -> dict[str, Any]:
        """Make what a step makes, under a name that the same step gives it again after a crash."""
        place, id_ = (one.account, one.region), one.name.rpartition("/")[2]
        mark = hashlib.sha256(f"{one.arn}/{step.name}".encode()).hexdigest()[:10]
        name = f"pipelines-{id_}-{_UNFIT.sub('-', step.name)[: _LONGEST_NAME - 34]}-{mark}".lower()
        tagged = {tag["Key"]: str(tag["Value"]) for tag in form.pop("Tags", None) or ()}
        if step.type == "RegisterModel":
            for known in await self.served.listed(EVERYTHING, PACKAGE):
                if known.form.get("ClientToken") == name and (known.account, known.region) == place:
                    return {"made": known.name}
            made = await self.registry.register(place, {**form, "ClientToken": name}, tagged)
            return {"made": made.name}
        kind, status = (MODEL, "InService") if step.type == "Model" else (_JOBS[step.type], "InProgress")
        if step.type == "Model":
            await self.registry.admit(form, f"model {name}")
        elif step.type != "Transform":
            asked_of(kind, name, form)
        own = {"Model": "ModelName", "Training": "TrainingJobName", "Processing": "ProcessingJobName",
               "Transform": "TransformJobName"}[step.type]  # fmt: skip
        with contextlib.suppress(Conflict):  # a crash came between this and the note of it
            await self.served.create(place, kind, name, {**form, own: name}, status, tagged)
        return {"made": name} if step.type == "Model" else {"status": EXECUTING, "job": name}

    async def _known(self, one: Served, definition: Definition, steps: Mapping[str, Mapping[str, Any]]) -> Known:
        place = one.account, one.region
        found: dict[str, Mapping[str, Any]] = {}
        files: dict[tuple[str, str], Any] = {}
        for step in definition.steps:
            mine = steps.get(step.name)
            if mine is None or mine["status"] != SUCCEEDED:
                continue
            if step.type in _JOBS:
                job = await self.served.get(place, _JOBS[step.type], mine["job"])
                found[step.name] = described(job) if step.type != "Transform" else dict(job.form)
                files |= await asyncio.to_thread(self._files, step, job)
            elif mine.get("made"):
                name = mine["made"]
                kind = PACKAGE if step.type == "RegisterModel" else MODEL
                key = "ModelPackage" if kind == PACKAGE else "Model"
                found[step.name] = {f"{key}Name": name, f"{key}Arn": arn_of(*place, kind, name)}
            else:
                found[step.name] = {"Outcome": mine.get("outcome")}
        execution = {
            "PipelineName": one.form["PipelineName"],
            "PipelineArn": arn_of(*place, PIPELINE, one.form["PipelineName"]),
            "PipelineExecutionId": one.name.rpartition("/")[2],
            "PipelineExecutionArn": execution_arn(one),
            "StartDateTime": iso(one.created_ms),
            "CurrentDateTime": iso(self.clock.now_ms()),
        }
        return Known(one.form["Parameters"], execution, found, files)

    def _files(self, step: Step, job: Served) -> dict[tuple[str, str], Any]:
        """The property files that a processing step wrote. Blocks. Raises InvalidInput for one that is not there."""
        outputs = (job.form.get("ProcessingOutputConfig") or {}).get("Outputs") or ()
        uris = {one["OutputName"]: one["S3Output"]["S3Uri"] for one in outputs}
        found = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        for one in step.files:
            with tempfile.TemporaryDirectory(dir=self.folder) as copies:
                uri = f"{uris[one['OutputName']].rstrip('/')}/{one['FilePath']}"
                found[step.name, one["PropertyFileName"]] = typed.loads(self.places.text(uri, Path(copies)))
        return found

    async def _tell(self, one: Served) -> None:
        place = one.account, one.region
        detail = {
            "pipelineArn": arn_of(*place, PIPELINE, one.form["PipelineName"]),
            "pipelineExecutionArn": execution_arn(one),
            "pipelineExecutionDisplayName": one.form["DisplayName"],
            "currentPipelineExecutionStatus": one.status,
            "executionStartTime": iso(one.created_ms),
        }
        await self.announce(place, _CHANGED, execution_arn(one), detail)


def execution_arn(one: Served) -> str:
    """The ARN of an execution: below its pipeline's."""
    return arn_of(one.account, one.region, PIPELINE, one.name)


def _ready(definition: Definition, steps: Mapping[str, Mapping[str, Any]]) -> Sequence[Step]:
    """The steps that have not begun, and that all those before them let begin."""
    over = {name for name, step in steps.items() if step["status"] in (SUCCEEDED, "Skipped")}
    return [one for one in definition.steps if one.name not in steps and one.after <= over]
