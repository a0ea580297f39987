"""What travels over `/rest/v1/aws-accounts`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

Region = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", max_length=32, description="Such as us-east-1.")]
Dollars = Annotated[str, Meta(description="Dollars, decimal text.")]


class ConnectAccount(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How an account is read. Without `role_arn` and `profile` by the server's own credentials.

    Without `regions` all that are enabled. `max_cost` is what one read may spend on calls that AWS charges; `days` how
    far back metrics, audit events and spot prices are read the first time; `every_hours` 0: only when asked.
    """

    account: Annotated[str, Meta(pattern="^([0-9]{12})?$", description="The account that it must be, if given.")] = ""
    name: Annotated[str, Meta(max_length=128)] = ""
    role_arn: Annotated[str, Meta(max_length=256, pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+)?$")] = ""
    external_id: Annotated[str, Meta(max_length=256)] = ""
    profile: Annotated[str, Meta(max_length=64)] = ""
    endpoint: Annotated[
        str,
        Meta(max_length=256, pattern=r"^(https?://[A-Za-z0-9.-]{1,200}(:[0-9]{1,5})?)?$", description="An emulator."),
    ] = ""
    regions: Annotated[list[Region], Meta(max_length=40)] = []
    metrics: bool = True
    audit: bool = True
    spot: bool = True
    days: Annotated[int, Meta(ge=1, le=90)] = 14
    every_hours: Annotated[int, Meta(ge=0, le=8760)] = 24
    max_cost: Annotated[str, Meta(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$", max_length=14)] = "1.00"


class AccountStep(Struct, frozen=True):
    """One service in one region. `items` are the resources, points, events or prices that it brought."""

    region: str
    name: str
    state: Literal["waiting", "done", "refused", "failed", "skipped"]
    items: int
    problem: str
    ended_ms: Millis | None


class AccountRead(Struct, frozen=True):
    """A read. `estimate` is what its metrics cost (dollars), null until the inventory is known."""

    id: int
    state: Literal["reading", "done", "failed"]
    started_ms: Millis
    ended_ms: Millis | None
    estimate: Dollars | None
    problem: str
    steps: list[AccountStep]


class AccountCalls(Struct, frozen=True):
    """Calls of an operation on a day; `cost` in dollars."""

    day: str
    service: str
    operation: str
    calls: int
    failed: int
    throttled: int
    cost: Dollars


class ConnectedAccount(Struct, frozen=True):
    """An account that is read, its last read, the resources that are known of it, and its calls of 30 days."""

    account: str
    name: str
    role_arn: str
    profile: str
    endpoint: str
    regions: list[str]
    metrics: bool
    audit: bool
    spot: bool
    days: int
    every_hours: int
    max_cost: Dollars
    added_ms: Millis
    next_ms: Millis | None
    read: AccountRead | None
    resources: dict[str, int]
    calls: list[AccountCalls]


class ConnectedAccounts(Struct, frozen=True):
    """Every account that is read."""

    accounts: list[ConnectedAccount]


class PlannedSource(Struct, frozen=True):
    """A kind of resource, and the operations that tell of it."""

    name: str
    operations: list[str]


class AccountPlan(Struct, frozen=True):
    """What a read would do. What is null is known when the inventory was read once.

    `calls` are list calls at the least: long lists take more, and what is described one by one a call each. `metrics`
    are what GetMetricData is asked for, which costs `dollars` a read.
    """

    account: str
    identity: str
    regions: list[str]
    sources: list[PlannedSource]
    calls: int
    resources: int | None
    metrics: int | None
    dollars: Dollars | None
    dollars_per_metric: Dollars
    max_cost: Dollars


class AccountPolicy(Struct, frozen=True):
    """The IAM policy that a read needs: exactly that."""

    policy: dict[str, Any]
