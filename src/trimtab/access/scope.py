"""`Scope`: whose data a read may see. Every read of every room takes one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowRule:
    """Rows pass when tag `key` has one of `values` (row-level scope by team, project, …)."""

    key: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
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


def rows_text(rows: Iterable[RowRule]) -> str:
    """Rules as the state database keeps them: JSON, equal for equal rules."""
    return json.dumps(sorted([rule.key, sorted(rule.values)] for rule in rows))


def rows_of_text(text: str) -> tuple[RowRule, ...]:
    """The rules that `rows_text` wrote."""
    return tuple(RowRule(key, frozenset(values)) for key, values in json.loads(text))


EVERYTHING = Scope()
"""What the local operator sees."""
