"""What the REST API says of groups, service accounts, users and of who asks: typed records."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import KEY_NAME_PATTERN, Key, Millis, RoleName, TagValues, Teams

Name = Annotated[str, Meta(max_length=100, pattern=KEY_NAME_PATTERN)]
Account = Annotated[str, Meta(pattern="^[0-9]{12}$")]
Password = Annotated[str, Meta(max_length=256, description="12 to 256 characters.")]


class NamedGrant(Struct, frozen=True):
    """A group, or a service account: its role, and what it is bound to."""

    name: str
    role: RoleName
    account: str | None
    teams: list[str]
    tags: dict[str, list[str]]
    created_ms: Millis
    disabled_ms: Millis | None = None


class NamedGrants(Struct, frozen=True):
    """Those that give no more than the caller has, by name."""

    items: list[NamedGrant]


class PutGrant(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What it gives from now on, bound at least as narrowly as who puts it."""

    role: RoleName = "read"
    account: Account | None = None
    teams: Teams = []
    tags: TagValues = {}


class UserRights(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a user may do: as one of `groups` at a time, or by a grant of their own where `role` is given."""

    groups: Annotated[list[Name], Meta(max_length=50)] = []
    role: RoleName | None = None
    account: Account | None = None
    teams: Teams = []
    tags: TagValues = {}


class CreateUser(UserRights, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A user to make."""

    name: Name
    password: Password


class SetPassword(Struct, frozen=True, forbid_unknown_fields=True):
    """A user's next password."""

    password: Password


class ChangePassword(Struct, frozen=True, forbid_unknown_fields=True):
    """One's own password, and the next one."""

    old: Password
    password: Password


class UserList(Struct, frozen=True):
    """People who can be no more than the caller: users, and those whom an OpenID provider vouched for."""

    users: list[Key]


class Me(Struct, frozen=True):
    """Who asks, and as what: `group` is one of `groups`; "" is a grant of one's own."""

    id: str
    name: str
    role: RoleName
    account: str | None
    teams: list[str]
    tags: dict[str, list[str]]
    groups: list[str]
    group: str


class ActAs(Struct, frozen=True, forbid_unknown_fields=True):
    """The group to act as; "" for the grant of one's own."""

    group: Annotated[str, Meta(max_length=100)]


class Lockout(Struct, frozen=True):
    """A user's name or a network address that failed to sign in too often, and until when it has to wait."""

    kind: Literal["name", "address"]
    subject: str
    failures: int
    last_ms: Millis
    until_ms: Millis


class Lockouts(Struct, frozen=True):
    """Who failed too often within 15 minutes, the latest first."""

    lockouts: list[Lockout]


class Unlock(Struct, frozen=True, forbid_unknown_fields=True):
    """A name or an address."""

    subject: Annotated[str, Meta(max_length=100)]


class RefusedRequests(Struct, frozen=True):
    """Requests that were refused alike: at a door, with a status, of somebody ("": nobody said who), from an address.

    `path` is the last one.
    """

    door: str
    status: int
    who: str
    address: str
    path: str
    first_ms: Millis
    last_ms: Millis
    count: int


class Refusals(Struct, frozen=True):
    """What was refused in the last 30 days, the latest first."""

    refusals: list[RefusedRequests]


class Done(Struct, frozen=True):
    """It is done."""

    done: bool = True
