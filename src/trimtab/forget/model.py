"""What is asked to be forgotten, and what belongs to it."""

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.inventory.owners import BUILT_IN

TEAM_KEYS = (BUILT_IN.key, *BUILT_IN.aliases)
"""Keys of labels, attributes and tags whose value is a team, in any capitals."""
USER_KEYS = ("user", "username", "user_name", "user.name", "user_id", "user.id", "enduser.id")
"""The same of a user."""


class Kind(StrEnum):
    """Of what an owner is."""

    ACCOUNT = "account"
    TEAM = "team"
    USER = "user"


class Step(StrEnum):
    """How far a request is. Each step may be done again, and is after a kill: what is gone is not found again."""

    ASKED = "asked"
    LOG = "log"
    SERIES = "series"
    ASIDE = "aside"
    ENGINE = "engine"
    FILES = "files"
    STATE = "state"
    PURGE = "purge"
    DONE = "done"


class Owner(Struct, frozen=True):
    """Whose data goes. `bill` and `audit`: also the lines of bills, and the records of who did what."""

    kind: Kind
    name: str
    bill: bool = False
    audit: bool = False

    @classmethod
    def of(cls, kind: str, name: str, *, bill: bool = False, audit: bool = False) -> "Owner":
        """A checked one. Raises InvalidInput."""
        if bill and kind != Kind.ACCOUNT:
            raise InvalidInput(
                f"cannot forget the bill of {kind} {name!r}: lines are of accounts, and allocation says whose they are",
                field="bill",
            )
        if kind == Kind.ACCOUNT and not re.fullmatch(r"\d{12}", name):
            raise InvalidInput(f"cannot forget account {name!r}: expected its 12 digits", field="name")
        if not 1 <= len(name) <= 256 or not name.isprintable() or name != name.strip():
            raise InvalidInput(f"cannot forget {kind} {name!r}: expected 1 to 256 characters that print", field="name")
        return cls(Kind(kind), name, bill, audit)

    @property
    def digest(self) -> str:
        """What a request is told by after it is done."""
        return digest_of(self.kind, self.name)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of labels, attributes and tags that name such an owner; an account has a place of its own."""
        return {Kind.ACCOUNT: (), Kind.TEAM: TEAM_KEYS, Kind.USER: USER_KEYS}[self.kind]


def digest_of(kind: str, name: str) -> str:
    """The SHA-256 by which an owner is known who may not be named."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()


class Request(Struct, frozen=True):
    """A request as it is kept. `owner.name` is "" once it is done. `counts`: what went, by kind. Times in ms."""

    id: str
    owner: Owner
    digest: str
    step: Step
    asked_ms: int
    asked_by: str
    began_ms: int | None = None
    done_ms: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""
