"""The registries that SageMaker's operations join, what they are given, and what they share."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.batch.room import BatchRoom
from trimtab.batch.transform_jobs import TransformJobs
from trimtab.capacity.set_aside import SetAside
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Codes, Function, Operations, Request, coral_as
from trimtab.fleet.health.notices import NoticeReader
from trimtab.inference.invoke import Invoker
from trimtab.inference.invoke_async import AsyncInvoker
from trimtab.inference.recommend.runner import Recommender
from trimtab.inference.room import InferenceRoom
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.served.model import Served
from trimtab.inventory.served.store import ServedStore
from trimtab.inventory.sources import SourceLedger
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry

_PAGE = 10
Row = TypeVar("Row")
_SORTS: Mapping[str, Callable[[Served], Any]] = {
    "Name": lambda one: one.name,
    "CreationTime": lambda one: one.created_ms,
    "LastModifiedTime": lambda one: one.updated_ms,
    "Status": lambda one: one.status,
}


class MetricRooms(Struct, frozen=True):
    """Where metrics of training are kept and read."""

    registry: SeriesRegistry
    ingest: MetricIngest
    reader: MetricReader
    ledger: SourceLedger
    clock: Clock


class SageMakerRooms(Struct, frozen=True):
    """What the operations ask."""

    inference: InferenceRoom
    batch: BatchRoom
    metrics: MetricRooms
    actuators: Actuators
    notices: NoticeReader
    inventory: InventoryRoom

    @property
    def served(self) -> ServedStore:
        """What serves."""
        return self.inference.served

    @property
    def set_aside(self) -> SetAside:
        """The machines of the fleet that plans have."""
        return SetAside(self.served, self.inventory, self.notices.region)

    @property
    def transforms(self) -> TransformJobs:
        """The transform jobs."""
        return self.batch.transforms

    @property
    def recommender(self) -> Recommender:
        """The recommendation jobs."""
        return self.inference.recommender

    @property
    def invoker(self) -> Invoker:
        """Asks models."""
        return self.inference.invoker

    @property
    def asynchronous(self) -> AsyncInvoker:
        """Asks them later."""
        return self.inference.asynchronous


worded = coral_as("ValidationException")
Operation = Function[SageMakerRooms]
_INVALID = "ValidationException"
_OF_MODELS: Codes = ((InvalidInput, _INVALID), (NotFound, _INVALID), (Conflict, _INVALID))
_OF_JOBS: Codes = ((InvalidInput, _INVALID), (NotFound, "ResourceNotFound"), (Conflict, "ResourceInUse"))


class _Operations(Operations[SageMakerRooms]):
    """Operations whose errors carry SageMaker's codes; those of jobs differ from those of models."""

    def add(self, name: str, *, job: bool = False, **options: Any) -> Callable[[Operation], Operation]:
        """Decorate the function of operation `name`, as `Operations` does."""
        return super().add(name, codes=_OF_JOBS if job else _OF_MODELS, **options)


operations: _Operations = _Operations("sagemaker", worded, invalid_code="ValidationException")
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def place(context: CallContext) -> tuple[str, str]:
    """(account, region) of a call."""
    return context.account, context.region


def form_of(request: Request) -> dict[str, Any]:
    """What is kept of a request: all but its tags, and the token of a retry, which is in no answer."""
    return {name: value for name, value in request.items() if name not in ("Tags", "ClientToken")}


def by_time(request: Request) -> dict[str, Any]:
    """A request whose times are named as those of other lists."""
    names = {"CreatedAfter": "CreationTimeAfter", "CreatedBefore": "CreationTimeBefore"}
    return {names.get(name, name): value for name, value in request.items()}


async def listed(
    rooms: SageMakerRooms, kind: str, request: Request, context: CallContext,
    takes: Callable[[Served], bool] = lambda one: True,
) -> tuple[list[Served], dict[str, str]]:  # fmt: skip
    """The page of a list that a request asks for, of what it `takes`, and the token of the next. Raises AwsError."""
    statuses = [request["StatusEquals"]] if request.get("StatusEquals") else []
    found = await rooms.served.listed(context.scope, kind, statuses)
    kept = [one for one in found if _fits(one, request) and takes(one)]
    order = request.get("SortOrder", "Descending")
    kept.sort(key=_SORTS.get(request.get("SortBy", "CreationTime"), _SORTS["CreationTime"]))
    if order == "Descending":
        kept.reverse()
    return page_of(kept, request)


page_of = Pages(_PAGE, lambda: AwsError("ValidationException", "The NextToken is invalid."))


def _fits(one: Served, request: Request) -> bool:
    bounds = (
        ("CreationTimeAfter", one.created_ms, 1),
        ("CreationTimeBefore", one.created_ms, -1),
        ("LastModifiedTimeAfter", one.updated_ms, 1),
        ("LastModifiedTimeBefore", one.updated_ms, -1),
    )
    for name, at_ms, sign in bounds:
        if request.get(name) is not None and (at_ms - request[name]) * sign < 0:
            return False
    text = request.get("NameContains")
    return not text or text.lower() in one.name.lower()
