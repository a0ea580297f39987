"""`/rest/v1/batch-jobs`: batch jobs as their runners report them, and what they have cost."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.batch.recorder import Recorder, cost_of, is_stale, report_of
from trimtab.batch.room import BatchRoom
from trimtab.batch.store import RECORDS, KeptJob
from trimtab.client import batch_wire as wire
from trimtab.doors.rest import batch_plans
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.inventory.catalog.spot import SpotPriceStore
from trimtab.settings import Settings

_PATH, _TAG = "/rest/v1/batch-jobs", "inference"
_ID: Mapping[str, str] = {"id": "The id of the job."}


class JobsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which jobs."""

    name: Annotated[str, Meta(max_length=128, description="Only jobs of this name.")] = ""
    status: Annotated[
        Literal["", "Queued", "InProgress", "Completed", "Stopped", "Failed"],
        Meta(description="Only jobs in this status."),
    ] = ""


class BatchJobs(Struct, frozen=True):
    """What the operations need. `account` and `region` are the server's own."""

    recorder: Recorder
    clock: Clock
    account: str
    region: str
    spot: SpotPriceStore

    @classmethod
    def of(cls, room: BatchRoom, own: Settings) -> "BatchJobs":
        """What the operations need, of the room and the server's settings."""
        return cls(room.recorder, room.clock, own.account_id, own.region, room.spot)

    def shown(self, one: KeptJob) -> wire.Job:
        """A job with what it has cost."""
        report = report_of(one)
        cost = cost_of(report, one.region or self.region)
        return wire.Job(
            account=one.account,
            region=one.region,
            source=one.source,  # type: ignore[arg-type]  # one of the three: only the recorder writes it
            updated_ms=one.updated_ms,
            report=report,
            cost=None if cost.amount is None else f"{cost.amount:f}",
            currency=cost.currency,
            cost_basis=cost.basis,
            stale=is_stale(one, self.clock.now_ms()),
        )


def operations(needs: BatchJobs) -> list[Operation]:
    """The operations on batch jobs."""
    store = needs.recorder.store

    async def listed(call: Call[JobsQuery, None]) -> wire.Jobs:
        statuses = [call.query.status] if call.query.status else []
        found = await store.listed(call.principal.scope, name=call.query.name, statuses=statuses)
        return wire.Jobs([needs.shown(one) for one in found])

    async def report(call: Call[NoQuery, wire.Report]) -> wire.Job:
        place = call.principal.account or needs.account, needs.region
        return needs.shown(await needs.recorder.put(place, RECORDS, call.body))

    async def get(call: Call[NoQuery, None]) -> wire.Job:
        return needs.shown(await store.get(call.principal.scope, call.path["id"]))

    async def remove(call: Call[NoQuery, None]) -> wire.Removed:
        await store.delete(call.principal.scope, call.path["id"])
        return wire.Removed(call.path["id"])

    planning = batch_plans.Planning(needs.recorder, needs.spot, needs.clock, needs.region)
    one: Any = {"path_parameters": _ID, "errors": (404,), "tag": _TAG}
    return [
        *batch_plans.operations(planning),  # `/plan` before `/{id}`, which would take it for a job
        Operation("GET", _PATH, "list batch jobs", "Batch jobs, the last begun first.", listed, wire.Jobs,
                  query=JobsQuery, tag=_TAG),
        Operation("POST", _PATH, "report batch job", "Say how far a job is; its throughput becomes metrics.", report,
                  wire.Job, body=wire.Report, role=Role.WRITE, errors=(409,), tag=_TAG),
        Operation("GET", f"{_PATH}/{{id}}", "get batch job", "One batch job.", get, wire.Job, **one),
        Operation("DELETE", f"{_PATH}/{{id}}", "remove batch job", "Forget a batch job.", remove, wire.Removed,
                  role=Role.WRITE, **one),
    ]  # fmt: skip
