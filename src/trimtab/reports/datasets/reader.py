"""`Reader`: who looks at a dataset. Scope says what of the world exists for them, teams which rows of a dataset."""

from fnmatch import fnmatchcase

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.reports.datasets.spec import RowRule


class Reader(Struct, frozen=True):
    """A caller. `teams` are those of `reader_teams`, where an admin puts names into teams."""

    name: str
    role: Role
    scope: Scope
    teams: frozenset[str] = frozenset()

    @classmethod
    def of(cls, principal: Principal, teams: frozenset[str] = frozenset()) -> "Reader":
        """A principal with the teams that it is a member of."""
        return cls(principal.name, principal.role, principal.scope, teams)

    def meant(self, rule: RowRule) -> bool:
        """Whether a rule of a dataset is for this reader."""
        if not (rule.readers or rule.roles or rule.teams):
            return True
        named = any(fnmatchcase(self.name, pattern) for pattern in rule.readers)
        member = any(fnmatchcase(team, pattern) for team in self.teams for pattern in rule.teams)
        return named or member or str(self.role) in rule.roles
