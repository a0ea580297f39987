"""`Principal`: who calls, and what they may do and see."""

from enum import StrEnum

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.errors import AccessDenied


class Role(StrEnum):
    """What a caller may do. Each role includes the one before it: finance, read, write, admin.

    Finance sees costs and statements and nothing of telemetry.
    """

    FINANCE = "finance"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def includes(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may do."""
        return _RANK[self] >= _RANK[needed]


_RANK = {Role.FINANCE: 0, Role.READ: 1, Role.WRITE: 2, Role.ADMIN: 3}


class Principal(Struct, frozen=True):
    """A verified caller. `account` is None for one that is not bound to an account.

    `id` is that of the credential. A person of several `groups` acts as one of them, `group` ("": as none).
    """

    name: str
    account: str | None
    role: Role
    scope: Scope
    id: str = ""
    groups: tuple[str, ...] = ()
    group: str = ""

    @property
    def sees_all(self) -> bool:
        """Whether the caller is bound neither to an account nor to tags; what is the whole server's is of such only."""
        return self.account is None and not self.scope.rows

    def may(self, needed: Role) -> bool:
        """Whether the caller's role includes `needed`."""
        return self.role.includes(needed)

    @property
    def bound(self) -> bool:
        """Whether the caller sees what has certain tags only."""
        return bool(self.scope.rows)


class Needs(Struct, frozen=True):
    """What a caller needs. `bound`: callers who are bound to tags may ask, as the answer keeps to what they see."""

    role: Role
    bound: bool = False


LOCAL_OPERATOR = Principal("local", None, Role.ADMIN, EVERYTHING)
"""Who calls without a credential where none is asked for: the person at this machine."""


def unbound_only(principal: Principal) -> str:
    """Why a caller who is bound to tags is refused, in words."""
    rules = ", ".join(f"{rule.key}={'|'.join(sorted(rule.values))}" for rule in principal.scope.rows)
    return f"{principal.name!r} sees {rules} only, and this is of no team; needs a key that is not bound to tags"


def everything_only(principal: Principal, doing: str) -> None:
    """Let pass who sees everything: what is done is about every account and team. Raises AccessDenied with `doing`."""
    if principal.account is not None:
        raise AccessDenied(f"cannot {doing}: {principal.name!r} is bound to account {principal.account}")
    if not principal.sees_all:
        raise AccessDenied(f"cannot {doing}: {unbound_only(principal)}")


def scope_of(account: str | None, rows: tuple[RowRule, ...] = ()) -> Scope:
    """What a key bound to `account` may see: that account, or every one for None; and of it, what passes `rows`."""
    return Scope(None if account is None else frozenset((account,)), rows=rows)
