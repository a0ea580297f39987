"""Guesses whose a resource is. Pure: the same facts, the same guess, with its reason.

1. the same resource carried an owner at another time;
2. its name contains the name of an owner;
3. most of what is owned in its account is one owner's.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from trimtab.economics.months import named
from trimtab.economics.tags.model import Evidence, Suggestion

DOMINANT = 0.6
"""Share of an account's owned cost from which one owner is the account's: below, two thirds of guesses would be the
second owner's as well as the first's."""
_SHORTEST = 3
"""Letters of an owner's name that can be told in a resource's name: `ml` is in `html`."""
_WORD = re.compile(r"[a-z0-9]+")


class Seen(Struct, frozen=True):
    """An owner that a resource had in a month."""

    owner: str
    month: int
    cost: Decimal


class Facts(Struct, frozen=True):
    """What is known beside the untagged lines: owners that resources had, and owned cost by account and owner."""

    month: int
    seen: Mapping[str, list[Seen]] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def owners(self) -> list[str]:
        """Everybody who owns something, the longest name first."""
        found = {owner for held in self.accounts.values() for owner in held}
        return sorted(found, key=lambda owner: (-len(owner), owner))


def suggest(resource: str, name: str, account: str, facts: Facts) -> Suggestion | None:
    """The best guess, or None where nothing speaks for anybody."""
    return _same_resource(resource, facts) or _by_name(resource, name, facts) or _by_account(account, facts)


def _same_resource(resource: str, facts: Facts) -> Suggestion | None:
    held = facts.seen.get(resource, []) if resource else []
    if not held:
        return None
    # The nearest month first; within it whoever it cost most.
    best = min(held, key=lambda one: (_apart(one.month, facts.month), -one.cost, one.owner))
    when = "in the same month" if best.month == facts.month else f"in {named(best.month)}"
    return Suggestion(best.owner, Evidence.SAME_RESOURCE, f"the same resource belongs to {best.owner} {when}")


def _by_name(resource: str, name: str, facts: Facts) -> Suggestion | None:
    for text in (name, resource.rpartition("/")[2].rpartition(":")[2]):
        words = _WORD.findall(text.lower())
        for owner in facts.owners():
            wanted = _WORD.findall(owner.lower())
            if sum(map(len, wanted)) >= _SHORTEST and _contains(words, wanted):
                return Suggestion(owner, Evidence.NAME, f"its name, {text}, contains {owner}")
    return None


def _by_account(account: str, facts: Facts) -> Suggestion | None:
    held = {owner: cost for owner, cost in facts.accounts.get(account, {}).items() if cost > 0}
    whole = sum(held.values(), Decimal(0))
    if not whole:
        return None
    owner = max(sorted(held), key=lambda one: held[one])
    share = float(held[owner] / whole)
    if share < DOMINANT:
        return None
    return Suggestion(owner, Evidence.ACCOUNT, f"{share:.0%} of what is owned in account {account} belongs to {owner}")


def _contains(words: list[str], wanted: list[str]) -> bool:
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))


def _apart(one: int, other: int) -> int:
    return abs((one // 100 * 12 + one % 100) - (other // 100 * 12 + other % 100))
