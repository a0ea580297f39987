"""Ingestions: a data set in SPICE read again, when somebody asks and by its refresh schedules.

An ingestion reads in a task of the process that began it. That it was cancelled is written in the state, where this
process sees it, whichever process was asked.
"""

import asyncio
import logging
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Principal, Role, scope_of
from trimtab.base.errors import InvalidInput, NotFound, TrimtabError
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.jobs.periodic import Job
from trimtab.reports.datasets.extract_store import Extract
from trimtab.reports.quicksight.model import (
    CANCELLED,
    COMPLETED,
    DATA_SET,
    INGESTION,
    INGESTION_FAILED,
    REFRESH_SCHEDULE,
    RUNNING,
    Resource,
    own_name,
)
from trimtab.reports.quicksight.problems import ingestion_error
from trimtab.reports.quicksight.refresh_schedule import next_ms
from trimtab.reports.quicksight.room import QuickSightRoom

logger = logging.getLogger(__name__)

FULL, INCREMENTAL = "FULL_REFRESH", "INCREMENTAL_REFRESH"
_KEPT = 200  # ingestions of a data set that are told of: an hourly schedule makes 720 a month
_LOOK_S = 1.0  # how often a running ingestion looks whether it was cancelled
_TURN_S = 15.0
_LOST_MS = 900_000  # after which a running ingestion is of a process that died: reading ends after 300 s


class Ingestions(Struct, frozen=True):
    """Begins, ends and repeats ingestions."""

    room: QuickSightRoom

    async def begin(
        self, one: Resource, id_: str, kind: str, principal: Principal, source: str = "MANUAL"
    ) -> Resource:  # fmt: skip
        """Read a data set and keep how it went. Raises Conflict for an ingestion of that id, InvalidInput."""
        store = self.room.store
        if one.form["ImportMode"] != "SPICE" or not one.state.get("fields"):
            raise InvalidInput(f"cannot refresh data set {one.name!r}: it is not in SPICE")
        told: dict[str, Any] = {"kind": kind, "source": source}
        made = await store.create(Resource(one.place, INGESTION, id_, parent=one.name, status=RUNNING, state=told))
        await self._prune(made)
        work = self.room.datasets.refresh(self.room.within(principal, one.place), own_name(DATA_SET, one.name))
        reading = asyncio.ensure_future(work)
        try:
            extract = await self._read(made, reading)
        except TrimtabError as problem:
            return await self._end(made, INGESTION_FAILED, {**told, "error": ingestion_error(problem)})
        finally:
            reading.cancel()
        if extract is None:
            return await store.get(made.place, INGESTION, made.name, made.parent)
        return await self._end(made, COMPLETED, {**told, "rows": extract.rows, "took_ms": extract.took_ms})

    async def cancel(self, one: Resource) -> None:
        """End an ingestion that runs. Raises InvalidInput for one that is over."""

        def work(kept: Resource) -> Resource:
            if kept.status != RUNNING:
                raise InvalidInput(f"cannot cancel ingestion {kept.name!r}: it is {kept.status}")
            error = {"Type": "INGESTION_CANCELED", "Message": "The ingestion was cancelled by a user"}
            return replace(kept, status=CANCELLED, state={**kept.state, "error": error})

        await self.room.store.change(one, work)

    async def turn(self) -> int:
        """Begin what is due by refresh schedules, and end what a process left when it died; how many were begun."""
        now, begun = self.room.clock.now_ms(), 0
        for lost in await self.room.store.everywhere(INGESTION, RUNNING):
            if lost.updated_ms < now - _LOST_MS:
                error = {"Type": "INTERNAL_SERVICE_ERROR", "Message": "the process that read it ended"}
                await self._end(lost, INGESTION_FAILED, {**lost.state, "error": error})
        for schedule in await self.room.store.everywhere(REFRESH_SCHEDULE):
            if schedule.state["next_ms"] <= now:
                begun += await self._scheduled(schedule, now)
        return begun

    def jobs(self) -> list[Job]:
        """What is done by itself; of several servers that share a state the one with the extracts' lock does it."""

        async def refresh() -> None:
            if self.room.datasets.lock.held:
                await self.turn()

        return [Job("refresh data sets of QuickSight that are due", _TURN_S, refresh)]

    async def _scheduled(self, schedule: Resource, now: int) -> int:
        """Begin the ingestion of a schedule: the next time is written first, so one that fails waits for it."""

        def later(kept: Resource) -> Resource:
            return replace(kept, state={**kept.state, "next_ms": next_ms(kept, now)})

        place = schedule.place
        try:
            await self.room.store.change(schedule, later)
            one = await self.room.store.get(place, DATA_SET, schedule.parent)
            who = Principal(f"refresh schedule {schedule.name}", place.account, Role.ADMIN, scope_of(place.account))
            await self.begin(one, new_id(), schedule.form["RefreshType"], who, "SCHEDULED")
        except (NotFound, InvalidInput) as problem:  # deleted meanwhile, or no longer in SPICE
            logger.warning("cannot refresh the data set %r: %s", schedule.parent, problem)
            return 0
        return 1

    async def _read(self, made: Resource, reading: "asyncio.Future[Extract]") -> Extract | None:
        """What the reading comes to; None where it was cancelled. Raises what it raises."""
        while not (await asyncio.wait((reading,), timeout=_LOOK_S))[0]:
            kept = await self.room.store.find(made.place, INGESTION, made.name, made.parent)
            if kept is None:
                raise NotFound(f"data set {made.parent!r} was deleted while it was read")
            if kept.status == CANCELLED:
                return None
        return reading.result()

    async def _end(self, made: Resource, status: str, state: dict[str, Any]) -> Resource:
        def work(kept: Resource) -> Resource:
            return kept if kept.status != RUNNING else replace(kept, status=status, state=state)

        return await self.room.store.change(made, work)

    async def _prune(self, made: Resource) -> None:
        listed = await self.room.store.listed(made.place, INGESTION, made.parent)
        over = [one for one in listed if one.status != RUNNING]
        for old in sorted(over, key=lambda one: -one.created_ms)[_KEPT:]:
            await self.room.store.delete(old)
