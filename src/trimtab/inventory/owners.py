"""Whose a resource is, with the reason: one answer for the ledger, every check, right-sizing and purchases. Pure.

Who is asked, the first that answers counts:

1. who *held* it, by the schedulers' and telemetry's hours: the team that held most, others are named;
2. an *allocation rule* that gives its cost to somebody for another reason than its tag or its account;
3. its *tags*, by the keys and aliases of the allocation's rules, then by the names that people give such a tag;
4. whoever told of it (a file, a connector), where that names an owner;
5. its lines on the *bill*: their tag, or what the allocation rules make of them;
6. the owner of its *account*;

else nobody.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from msgspec import Struct, field

from trimtab.inventory.tag_keys import TagKey, spelling_of, value_of

BUILT_IN = TagKey(
    "team",
    ruled=True,
    aliases=("owner", "squad", "project", "cost-center", "costcenter", "cost_center", "department"),
)
"""The names that people give the tag of an owner, in capitals or not; allocation rules say it better."""
_NAMED = 3
"""Runs and teams that a reason names; the rest is counted."""
_SHOWN = 0.005
"""The least share of the time that is not told as 0 %."""


class Holding(Struct, frozen=True):
    """What one holder had of a resource: `share` (0 to 1) of the time in which it existed. `holder` in words."""

    team: str
    holder: str
    share: float


class OwnerRules(Struct, frozen=True):
    """What an allocation says of owners. `keys`: the tags that name one, in order; `accounts`: whose each account is.

    `nobody`: values that name nobody. `explicit`: the bill's owners come of rules that look at more than one tag.
    """

    keys: tuple[TagKey, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)
    nobody: frozenset[str] = frozenset()
    explicit: bool = False


NO_RULES = OwnerRules()


class Claims(Struct, frozen=True):
    """What is said of whose a resource is. `told`: by who told of the resource; `billed`: by its lines on the bill."""

    holdings: Sequence[Holding] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    told: str = ""
    billed: str = ""
    account: str = ""


class Owner(Struct, frozen=True):
    """Whose a resource is ("" where nobody's), and why."""

    name: str
    reason: str


def owner_of(tags: Mapping[str, str], rules: OwnerRules = NO_RULES) -> str:
    """The owner by tags alone; "" where none tells."""
    return _by_tag(tags, rules)[0]


def resolved(claims: Claims, rules: OwnerRules = NO_RULES) -> Owner:
    """The owner of a resource by what is said of it."""
    if holder := _by_holders(claims.holdings):
        return holder
    tagged, key = _by_tag(claims.tags, rules)
    account = rules.accounts.get(claims.account, "")
    billed = "" if claims.billed in rules.nobody else claims.billed
    if rules.explicit and billed not in ("", tagged, account):
        return Owner(billed, f"the allocation rules give its cost to {billed}")
    if tagged:
        return Owner(tagged, f"tag {key}")
    if claims.told and claims.told not in rules.nobody:
        return Owner(claims.told, "the inventory names its owner")
    if billed and billed != account:
        return Owner(billed, f"its lines on the bill are {billed}'s")
    if account:
        return Owner(account, f"account {claims.account} is {account}'s")
    place = f", and no rule says whose account {claims.account} is" if claims.account else ""
    return Owner("", f"no run held it, no tag names an owner{place}")


def _by_tag(tags: Mapping[str, str], rules: OwnerRules) -> tuple[str, str]:
    """The owner and the key that names it, as it is spelt."""
    for key in (*rules.keys, BUILT_IN):
        value = value_of(key, tags)
        if value and value not in rules.nobody:
            return value, spelling_of(key, tags)
    return "", ""


def _by_holders(holdings: Sequence[Holding]) -> Owner | None:
    """The team that held most, of equals the first by name; what no team held names nobody."""
    owned = sorted((one for one in holdings if one.team and one.share > 0), key=lambda one: one.team)
    teams = {team: sorted(some, key=_most_first) for team, some in groupby(owned, key=lambda one: one.team)}
    if not teams:
        return None
    order = sorted(teams, key=lambda team: (-_share(teams[team]), team))
    if len(order) == 1:
        only = teams[order[0]]
        return Owner(order[0], f"held {_percent(_share(only))} of the time by {_runs(only)}")
    parts = [f"{_percent(_share(teams[team]))} by {team} ({_runs(teams[team])})" for team in order[:_NAMED]]
    more = f" and {len(order) - _NAMED} more teams" if len(order) > _NAMED else ""
    return Owner(order[0], f"held by several, most by {order[0]}: {', '.join(parts)}{more}")


def _most_first(one: Holding) -> tuple[float, str]:
    return -one.share, one.holder


def _share(holdings: Sequence[Holding]) -> float:
    return min(sum(one.share for one in holdings), 1.0)


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %") if share >= _SHOWN else "less than 1 %"


def _runs(holdings: Sequence[Holding]) -> str:
    names = list(dict.fromkeys(one.holder for one in holdings))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
