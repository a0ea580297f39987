"""`Report`: how far a batch job is, as its runner tells it and the server keeps it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, to_builtins

from trimtab.base import typed
from trimtab.batch.model import Progress

_LONGEST = 1000  # characters of a text

Size = Annotated[int, Meta(ge=0, le=1 << 53)]
Span = Annotated[float, Meta(ge=0, le=1e15)]
Text = Annotated[str, Meta(max_length=1024)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,12})?$", description="A decimal number.")]
Status = Literal["Queued", "InProgress", "Completed", "Stopped", "Failed"]
Source = Literal["records", "transform", "command"]


class Report(Struct, frozen=True):
    """How far a job is. `id` is its runner's; a report of the same id takes the place of the last.

    `bytes_total` is of its input. `workers` × `batch_records` is what runs at once. `records_per_s` is since this run
    began, `kept` what an earlier one had finished. `deadline_ms` and `budget` are what it was given to keep to.
    """

    id: Annotated[str, Meta(min_length=8, max_length=36, pattern="^[A-Za-z0-9-]+$")]
    name: Name
    status: Status
    started_ms: Annotated[int, Meta(ge=0, le=1 << 45)]
    model: Text = ""
    input: Text = ""
    output: Text = ""
    host: Text = ""
    backend: Text = ""
    instance_type: Annotated[str, Meta(max_length=64)] = ""
    instances: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    spot: bool = False
    bytes_total: Size = 0
    bytes_done: Size = 0
    bytes_kept: Size = 0
    pieces_total: Size = 0
    pieces_done: Size = 0
    records: Size = 0
    records_kept: Size = 0
    errors: Size = 0
    requests: Size = 0
    seconds: Span = 0.0
    records_per_s: Span = 0.0
    workers: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    batch_records: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    eta_s: Span | None = None
    cost: Amount | None = None
    currency: Annotated[str, Meta(max_length=8)] = ""
    problem: Text = ""
    first_errors: Annotated[list[Text], Meta(max_length=20)] = []
    deadline_ms: Annotated[int, Meta(ge=0, le=1 << 45)] | None = None
    budget: Amount | None = None


class About(Struct, frozen=True):
    """What of a report does not change while the job runs; the fields are those of `Report`."""

    id: str
    name: str
    started_ms: int
    model: str = ""
    input: str = ""
    output: str = ""
    host: str = ""
    backend: str = ""
    instance_type: str = ""
    instances: int = 1
    spot: bool = False
    deadline_ms: int | None = None
    budget: str | None = None


def report(about: About, now: Progress) -> Report:
    """The report of a job that is so far."""
    progress = {name: getattr(now, name) for name in Report.__struct_fields__ if hasattr(now, name)}
    errors = [text[:_LONGEST] for text in now.first_errors]
    given = {**progress, **to_builtins(about), "first_errors": errors, "problem": now.problem[:_LONGEST]}
    return typed.convert(given, Report)
