"""`Scope`: whose data a read may see. Every read of every room takes one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

MACHINE_IDS = ("host.id", "host_id", "InstanceId", "instance_id")
"""Dimensions that name a machine by an id that no other has; names of machines are of one cluster only."""


@dataclass(frozen=True, slots=True)
class RowRule:
    """Rows pass when tag `key` has one of `values` (row-level scope by team, project, …).

    A series that has no such tag passes where it names one of `machines`: the ids of those whose tags pass. They are
    known while a key is used, and are no part of what the rule is.
    """

    key: str
    values: frozenset[str]
    machines: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def passes(self, pairs: Mapping[str, str]) -> bool:
        """Whether a series with these dimensions passes."""
        own = pairs.get(self.key)
        if own is not None:
            return own in self.values
        return bool(self.machines) and any(pairs.get(name) in self.machines for name in MACHINE_IDS)


class Scope(Struct, frozen=True):
    """The accounts, regions and rows that a caller may read. None means every one.

    A row passes when its account and its region are in the sets and it passes every rule of `rows`.
    """

    accounts: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    rows: tuple[RowRule, ...] = ()

    @classmethod
    def of(cls, account: str, region: str) -> "Scope":
        """One account in one region: what an AWS credential scope names."""
        return cls(frozenset((account,)), frozenset((region,)))

    def sees(self, tags: Mapping[str, str]) -> bool:
        """Whether what has `tags` passes every rule of `rows`: what has no tag of a rule's key passes none."""
        return all(tags.get(rule.key) in rule.values for rule in self.rows)

    def sees_what_was_made_by(self, maker: "Scope") -> bool:
        """Whether who has this scope sees a thing without tags that was made within the scope `maker`.

        Who is bound to rows sees what was made within the same rows, and nothing else.
        """
        return not self.rows or set(maker.rows) == set(self.rows)


def rows_text(rows: Iterable[RowRule]) -> str:
    """Rules as the state database keeps them: JSON, equal for equal rules."""
    return json.dumps(_pairs(rows))


def rows_of_text(text: str) -> tuple[RowRule, ...]:
    """The rules that `rows_text` wrote."""
    return _rules(json.loads(text))


def scope_text(scope: Scope) -> str:
    """A scope as the state database keeps it: JSON, equal for equal scopes."""
    accounts, regions = (None if one is None else sorted(one) for one in (scope.accounts, scope.regions))
    return json.dumps({"accounts": accounts, "regions": regions, "rows": _pairs(scope.rows)})


def scope_of_text(text: str) -> Scope:
    """The scope that `scope_text` wrote, or one of the forms that were kept before it."""
    kept = json.loads(text)
    if isinstance(kept, list):  # of watches of analyses
        kept = dict(zip(("accounts", "regions", "rows"), kept, strict=True))
    accounts, regions = (None if kept[name] is None else frozenset(kept[name]) for name in ("accounts", "regions"))
    return Scope(accounts, regions, _rules(kept["rows"]))


def _pairs(rows: Iterable[RowRule]) -> list[list[Any]]:
    return sorted([rule.key, sorted(rule.values)] for rule in rows)


def _rules(pairs: Iterable[Any]) -> tuple[RowRule, ...]:
    """The rules of pairs, or of objects: budgets and monitors of costs kept these."""
    found = ((one["key"], one["values"]) if isinstance(one, dict) else one for one in pairs)
    return tuple(RowRule(key, frozenset(values)) for key, values in found)


EVERYTHING = Scope()
"""What the local operator sees."""
