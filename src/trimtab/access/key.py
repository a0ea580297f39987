"""What a key is: as it was just made, as lists tell of it, as the AWS door verifies with it."""

from dataclasses import dataclass, field

from msgspec import Struct

from trimtab.access.grant import Grant, tags_of, teams_of
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import RowRule

AWS = "aws"
TOKEN = "token"  # noqa: S105  # the name of a kind of key, not a secret
OIDC = "oidc"  # somebody who signed in with an OpenID provider; there is no key to present

USER = "user"  # somebody with a name and a password

LIVE, REVOKED, EXPIRED, DISABLED = "live", "revoked", "expired", "disabled"

DAY_MS = 86_400_000
SOON_MS = 14 * DAY_MS
"""A key that ends within two weeks is warned of: time to rotate it in working hours."""
IDLE_MS = 90 * DAY_MS
"""A key that opened nothing for a quarter is warned of: CIS asks for 45 days in AWS, a quarterly job needs more."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `secret` is shown once: the AWS secret access key, or the token itself."""

    id: str
    kind: str
    name: str
    role: Role
    account: str | None
    secret: str = field(repr=False)
    created_ms: int = 0
    rows: tuple[RowRule, ...] = ()
    expires_ms: int | None = None
    service_account: str | None = None

    @property
    def teams(self) -> list[str]:
        """The teams that it is bound to."""
        return teams_of(self.rows)

    @property
    def tags(self) -> dict[str, list[str]]:
        """The other tags that it is bound to, with the values of each."""
        return tags_of(self.rows)


class KeyInfo(Struct, frozen=True):
    """A key (or a person) as listed: everything but its secret. Times in milliseconds.

    `replaced_by` is the key that takes its place, where it was rotated. `state` and `warning` are as of the listing. A
    person has `groups`, and acts as `group` ("": by a grant of their own); `choices` are all the grants to choose from.
    """

    id: str
    kind: str
    name: str
    role: Role
    account: str | None
    created_ms: int
    last_used_ms: int | None
    revoked_ms: int | None
    rows: tuple[RowRule, ...] = ()
    expires_ms: int | None = None
    replaced_by: str | None = None
    state: str = LIVE
    warning: str = ""
    service_account: str | None = None
    groups: tuple[str, ...] = ()
    group: str = ""
    choices: tuple[Grant, ...] = ()

    @property
    def teams(self) -> list[str]:
        """The teams that it is bound to."""
        return teams_of(self.rows)

    @property
    def tags(self) -> dict[str, list[str]]:
        """The other tags that it is bound to, with the values of each."""
        return tags_of(self.rows)

    @property
    def grant(self) -> Grant:
        """What it gives."""
        return Grant(self.role, self.account, self.rows)

    def within(self, grant: Grant) -> bool:
        """Whether it can give no more than `grant`, whichever it acts as."""
        return all(grant.covers(one) for one in self.choices or (self.grant,))


@dataclass(frozen=True, slots=True)
class AwsKey:
    """What the AWS door verifies a signature with."""

    id: str
    secret: str = field(repr=False)
    account: str | None
    principal: Principal


def state_of(revoked_ms: int | None, expires_ms: int | None, now_ms: int) -> str:
    """Whether a key opens anything now, and why not."""
    if revoked_ms is not None:
        return REVOKED
    return EXPIRED if expires_ms is not None and expires_ms <= now_ms else LIVE


def warning_of(key: KeyInfo, now_ms: int) -> str:
    """What somebody should know of a live key: that it ends soon, or that nobody uses it; else empty."""
    if key.state != LIVE or key.kind not in (AWS, TOKEN):
        return ""
    if key.expires_ms is not None and key.expires_ms - now_ms <= SOON_MS:
        days = (key.expires_ms - now_ms) // DAY_MS
        ends = f"ends in {days} days" if days > 1 else "ends in a day" if days else "ends today"
        return f"{ends}; {key.replaced_by} takes its place" if key.replaced_by else ends
    if now_ms - (key.last_used_ms or key.created_ms) >= IDLE_MS:
        return "was never used" if key.last_used_ms is None else "was not used for 90 days"
    return ""
