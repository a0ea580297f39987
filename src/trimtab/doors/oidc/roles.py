"""Which role a claim of the provider gives: `finance=ledger,admin=platform|sre` names the groups of each role."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.errors import SetupError

_HIGHEST_FIRST = (Role.ADMIN, Role.WRITE, Role.READ, Role.FINANCE)


class RoleMap(Struct, frozen=True):
    """The groups of each role, the claim that carries them, and the role of anybody else (None: not let in)."""

    claim: str
    groups: Mapping[Role, frozenset[str]]
    otherwise: Role | None

    @classmethod
    def of(cls, claim: str, text: str, otherwise: str) -> "RoleMap":
        """From the settings. Raises SetupError for one that cannot be read."""
        groups: dict[Role, frozenset[str]] = {}
        for part in filter(None, (one.strip() for one in text.split(","))):
            name, separator, held = part.partition("=")
            names = frozenset(group.strip() for group in held.split("|") if group.strip())
            if not separator or not names or name.strip() not in set(Role):
                raise SetupError(
                    f"cannot use TRIMTAB_OIDC_ROLES: got {part!r}; expected role=group|group, with a role of "
                    f"{', '.join(Role)}"
                )
            groups[Role(name.strip())] = names
        if otherwise and otherwise not in set(Role):
            raise SetupError(
                f"cannot use TRIMTAB_OIDC_DEFAULT_ROLE: got {otherwise!r}; expected {', '.join(Role)} or nothing"
            )
        return cls(claim, groups, Role(otherwise) if otherwise else None)

    def named(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest role that any group of the claims has, if any has one."""
        held = self.held(claims)
        return next((role for role in _HIGHEST_FIRST if self.groups.get(role, frozenset()) & held), None)

    def held(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """The claim's values: one text or a list. A dotted name reaches into objects (`realm_access.roles`)."""
        value: Any = claims.get(self.claim)
        if value is None and "." in self.claim:
            value = claims
            for step in self.claim.split("."):
                value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            return frozenset((value,))
        return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()
