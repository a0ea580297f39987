"""What travels over `/rest/v1/prices/jobs`: GPUs that somebody means to ask for, their price and their wait."""

from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[str, Meta(max_length=256)]


class JobAsk(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """GPUs of one kind that a job would hold at once. What is not given is not known, and the queue's own counts."""

    gpus: Annotated[float, Meta(gt=0, le=1_000_000, description="How many at once; parts of a GPU count as such.")]
    gpu_type: Annotated[Name, Meta(description="What its file calls them, such as h100.")] = ""
    instance_type: Name = ""
    queue: Annotated[Name, Meta(description="Partition or queue.")] = ""
    team: Name = ""
    cluster: Annotated[Name, Meta(description="Its cluster; needed for a wait where there are several.")] = ""


class PriceJobs(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be priced."""

    jobs: Annotated[list[JobAsk], Meta(max_length=1000)]


class ExpectedWait(Struct, frozen=True):
    """Seconds from submission to start, if the job is not withdrawn: half of such jobs start by `median_s`, 80 % wait
    between `low_s` and `high_s`. Learnt from `waits` waits of that queue; `by` is the way that did best lately.
    """

    low_s: float
    median_s: float
    high_s: float
    waits: int
    by: str


class JobPrice(Struct, frozen=True):
    """The price of an hour of all GPUs of a job, and its wait. What is null is not known, and the note says why."""

    per_gpu_hour: Annotated[str | None, Meta(description="Decimal text.")]
    per_hour: Annotated[str | None, Meta(description="Decimal text, of all its GPUs.")]
    currency: str
    basis: str
    note: str
    wait: ExpectedWait | None
    wait_note: str


class JobPrices(Struct, frozen=True):
    """One price for each job that was asked for, in that order."""

    jobs: list[JobPrice]
