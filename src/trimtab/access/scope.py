"""`Scope`: whose data a read may see. Every read of every room takes one."""

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


EVERYTHING = Scope()
"""What the local operator sees."""
