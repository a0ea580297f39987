"""`Grant`: a role and what it is bound to; and the one rule of handing it on: never more than one has."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import RowRule
from trimtab.base.errors import AccessDenied, InvalidInput

TEAM = "team"
"""The tag that a team is: `--team search` is the rule that `team` is `search`."""
MOST_RULES = 20
"""Rules of a binding, and values of a rule: reads ask for each of them."""


class Grant(Struct, frozen=True):
    """A role, bound to an account (None: every one) and to rows that pass every one of `rows`."""

    role: Role
    account: str | None = None
    rows: tuple[RowRule, ...] = ()

    @classmethod
    def of(cls, principal: Principal) -> "Grant":
        """What a caller has."""
        return cls(principal.role, principal.account, principal.scope.rows)

    def covers(self, other: "Grant") -> bool:
        """Whether whoever has this may do and see all that `other` gives."""
        return (
            self.role.includes(other.role)
            and self.account in (None, other.account)
            and all(any(_narrows(theirs, rule) for theirs in other.rows) for rule in self.rows)
        )

    def handed_on(self, role: Role, account: str | None, rows: tuple[RowRule, ...]) -> "Grant":
        """What is asked for, bound where this is bound and nothing was said. Raises AccessDenied for more than this."""
        named = {rule.key for rule in rows}
        inherited = tuple(rule for rule in self.rows if rule.key not in named)
        asked = Grant(role, account or self.account, rows + inherited)
        if not self.covers(asked):
            raise AccessDenied(f"cannot give {asked}: you have {self}; what you give is bound at least as narrowly")
        return asked

    @property
    def sees(self) -> str:
        """What it lets see: `account 123…, team a or b`, `everything`."""
        places = [f"account {self.account}"] if self.account else []
        places += [f"{rule.key} {' or '.join(sorted(rule.values))}" for rule in self.rows]
        return ", ".join(places) or "everything"

    def __str__(self) -> str:
        return f"role {self.role} over {self.sees}"


WHOLE = Grant(Role.ADMIN)
"""Everything: what the person at this machine has."""


def rules_of(teams: Iterable[str], tags: Mapping[str, Iterable[str]]) -> tuple[RowRule, ...]:
    """Teams and tags as rules, in the order of their keys. Raises InvalidInput for an empty or an absurd one."""
    values: dict[str, set[str]] = {key: set(given) for key, given in tags.items()}
    if set(teams):
        values.setdefault(TEAM, set()).update(teams)
    for key, given in values.items():
        if not key or not given or "" in given:
            raise InvalidInput(f"cannot bind to tag {key!r}: expected a key and a value of it", field="tags")
        if max(len(key), *map(len, given)) > 256 or len(given) > MOST_RULES or len(values) > MOST_RULES:
            raise InvalidInput(
                f"cannot bind to tag {key[:60]!r}: expected at most {MOST_RULES} keys and {MOST_RULES} values of each, "
                "of at most 256 characters",
                field="tags",
            )
    return tuple(RowRule(key, frozenset(values[key])) for key in sorted(values))


def teams_of(rows: Iterable[RowRule]) -> list[str]:
    """The teams that rules name."""
    return sorted({value for rule in rows if rule.key == TEAM for value in rule.values})


def tags_of(rows: Iterable[RowRule]) -> dict[str, list[str]]:
    """The other tags that rules name, with their values."""
    return {rule.key: sorted(rule.values) for rule in rows if rule.key != TEAM}


def _narrows(theirs: RowRule, rule: RowRule) -> bool:
    return theirs.key == rule.key and theirs.values <= rule.values
