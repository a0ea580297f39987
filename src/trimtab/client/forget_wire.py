"""What travels when an owner's data is to be forgotten."""

from typing import Literal

from msgspec import Struct

KindName = Literal["account", "team", "user"]


class ForgetOwner(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose data. `bill` and `audit`: also the lines of an account's bill, and records of who did what.

    Without `yes` nothing is done: the answer says what would go.
    """

    kind: KindName
    name: str
    bill: bool = False
    audit: bool = False
    yes: bool = False


class ForgetAnswer(Struct, frozen=True):
    """Rows that go, by table. `id` is that of the request; "" where nothing was asked yet."""

    counts: dict[str, int]
    total: int
    id: str


class ForgetRequest(Struct, frozen=True, kw_only=True):
    """A request: `name` is "" once it is done, and `digest` is SHA-256 of `kind:name`. Times in ms."""

    id: str
    kind: KindName
    name: str
    digest: str
    bill: bool
    audit: bool
    step: str
    asked_ms: int
    asked_by: str
    began_ms: int | None
    done_ms: int | None
    counts: dict[str, int]
    problem: str


class ForgetList(Struct, frozen=True):
    """Requests, the newest first."""

    requests: list[ForgetRequest]
