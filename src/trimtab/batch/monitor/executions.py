"""Executions of monitoring schedules: each is a processing job, begun when the schedule is due.

An execution of which no data was captured fails at once, as the service's do.
"""

import asyncio
import contextlib
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import Conflict, InvalidInput, NotFound, Unavailable
from trimtab.base.records import replace
from trimtab.batch.monitor import schedule
from trimtab.batch.monitor.analyzer import NO_DATA
from trimtab.batch.places import Places
from trimtab.inventory.served.model import CONFIG, DEFINITIONS, ENDPOINT, MONITORING, PROCESSING, Served
from trimtab.inventory.served.store import ServedStore

SCHEDULED = "Scheduled"
DUE_AS = {MONITORING: (SCHEDULED,)}
"""By kind, the statuses of resources for which a turn has something to do."""
_SHOWN_MS = 30 * 86_400_000  # what was due longer ago is not made up for
_A_TURN = 24  # executions of a schedule that a turn begins


class Execution(Struct, frozen=True):
    """One time at which a schedule was due, in ms since the epoch, and the processing job that it is."""

    schedule: str
    at_ms: int
    status: str
    reason: str
    job: Served


class Monitors(Struct, frozen=True):
    """Begins executions, and tells what became of them. `folder` is for copies of what lies in S3; an execution begins
    `settle_ms` after its time, when what was captured until then is written."""

    served: ServedStore
    clock: Clock
    places: Places
    folder: Path
    settle_ms: int = 3000

    async def turn(self) -> None:
        """Begin what is due."""
        now_ms = self.clock.now_ms()
        for one in await self.served.listed(EVERYTHING, MONITORING, DUE_AS[MONITORING]):
            after_ms = max(int(one.state.get("last_ms") or one.created_ms - 1), now_ms - _SHOWN_MS)
            for at_ms in schedule.due(one, after_ms, now_ms - self.settle_ms)[:_A_TURN]:
                await self._begin(one, at_ms)
                await self._forget(one, now_ms)
                await self.served.edit(one, partial(_noted, at_ms=at_ms))

    async def watched(self, one: Served) -> schedule.Watched:
        """What a schedule watches. Raises NotFound for a definition that is gone, InvalidInput."""
        config = one.form["MonitoringScheduleConfig"]
        if config.get("MonitoringJobDefinition"):
            return schedule.inline(config["MonitoringJobDefinition"])
        type_ = config.get("MonitoringType") or schedule.DATA
        kind = DEFINITIONS.get(type_)
        if kind is None:
            raise InvalidInput(f"monitoring of {type_} is not done here: expected {', '.join(DEFINITIONS)}")
        found = await self.served.get((one.account, one.region), kind, config["MonitoringJobDefinitionName"])
        return schedule.defined(type_, found.form)

    async def executions(self, scope: Scope) -> list[Execution]:
        """What became of each time at which a schedule was due, in order of time."""
        found = []
        for job in await self.served.listed(scope, PROCESSING):
            about = job.form.get("Monitor")
            if about:
                status = job.status
                if status == "Completed" and job.state.get("violations"):
                    status = "CompletedWithViolations"
                said = job.state.get("exit_message", "") if job.state.get("violations") else ""
                reason = job.state.get("problem") or said
                found.append(Execution(about["schedule"], int(about["at_ms"]), status, reason, job))
        return sorted(found, key=lambda each: (each.at_ms, each.schedule))

    async def _begin(self, one: Served, at_ms: int) -> None:
        place = one.account, one.region
        about = {"Monitor": {"schedule": one.name, "at_ms": at_ms}, "MonitoringScheduleArn": one.arn}
        mark = hashlib.sha256(f"{one.arn}/{one.created_ms}/{at_ms}".encode()).hexdigest()[:24]
        name = f"model-monitoring-{to_datetime(at_ms):%Y%m%d%H%M}-{mark}"
        try:
            watched = await self.watched(one)
            image = schedule.IMAGES[watched.type]
            if image not in watched.image:  # whoever may make schedules may not run every command of the settings' file
                raise InvalidInput(f"schedules run the image {image} only, got {watched.image}")
            if watched.scripts:
                raise InvalidInput(f"cannot run own scripts: the definition has {' and '.join(watched.scripts)}")
            window = schedule.window_of(one, watched, at_ms)
            captured, truth = await self._data(place, watched, window)
            form = schedule.job_form(one, watched, window, captured, truth)
            problem = "" if captured else f"{NO_DATA}: no invocation of the endpoint was captured in its window."
        except (InvalidInput, NotFound, Unavailable) as failure:
            form, problem = _nothing(), str(failure)
        form |= about
        with contextlib.suppress(Conflict):  # a crash came between this and the note of it
            made = await self.served.create(place, PROCESSING, name, form, "Failed" if problem else "InProgress")
            if problem:
                await self.served.change(made, state={"problem": problem, "ended_ms": self.clock.now_ms()})

    async def _forget(self, one: Served, now_ms: int) -> None:
        """Delete the executions of a schedule that are told no longer; what they wrote stays in its bucket."""
        for each in await self.executions(Scope.of(one.account, one.region)):
            if each.schedule == one.name and each.at_ms < now_ms - _SHOWN_MS and each.status != "InProgress":
                await self.served.delete((one.account, one.region), PROCESSING, each.job.name)

    async def _data(
        self, place: tuple[str, str], watched: schedule.Watched, window: tuple[int, int]
    ) -> tuple[list[str], list[str]]:
        """The folders that hold captured invocations, and ground truth, of a window."""
        if not watched.endpoint:
            raise InvalidInput("the definition has no EndpointInput: only endpoints are monitored here")
        endpoint = await self.served.get(place, ENDPOINT, watched.endpoint)
        config = await self.served.get(place, CONFIG, endpoint.form["EndpointConfigName"])
        capture = config.form.get("DataCaptureConfig") or {}
        if not capture.get("DestinationS3Uri"):
            raise InvalidInput(f"{NO_DATA}: the configuration of {watched.endpoint} captures nothing")
        root = f"{capture['DestinationS3Uri'].rstrip('/')}/{watched.endpoint}"
        hours = schedule.hours_of(window)
        variants = [str(variant["VariantName"]) for variant in config.form["ProductionVariants"]]
        captured = [f"{root}/{variant}/{hour}" for variant in variants for hour in hours]
        truth = [f"{watched.truth.rstrip('/')}/{hour}" for hour in hours] if watched.truth else []
        return await asyncio.to_thread(self._there, captured), await asyncio.to_thread(self._there, truth)

    def _there(self, uris: Sequence[str]) -> list[str]:
        """Those URIs at which something lies. Blocks."""
        found = []
        self.folder.mkdir(parents=True, exist_ok=True)
        for uri in uris:
            with tempfile.TemporaryDirectory(dir=self.folder) as copies, contextlib.suppress(InvalidInput):
                self.places.read(uri, Path(copies))
                found.append(uri)
        return found


def _noted(one: Served, at_ms: int) -> Served:
    return replace(one, state={**one.state, "last_ms": at_ms})


def _nothing() -> dict[str, Any]:
    """The form of an execution that could not be made."""
    cluster: Mapping[str, Any] = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    return {"ProcessingResources": {"ClusterConfig": cluster}, "AppSpecification": {"ImageUri": "none"}}
