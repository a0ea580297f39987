"""Where data protection policies are kept: one a log group, and those of an account, which hold for all its groups."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Select, delete, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.logs.model import Group
from trimtab.logs.protection.policy import read_policy
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_policies import log_account_policies, log_group_policies

T = TypeVar("T")
DATA_PROTECTION = "DATA_PROTECTION_POLICY"
"""The one type of account policy that trimtab has."""
_of_groups, _of_accounts = log_group_policies.c, log_account_policies.c


class GroupPolicy(Struct, frozen=True):
    """The policy of a log group, as it was given."""

    document: str
    updated_ms: int


class AccountPolicy(Struct, frozen=True):
    """A policy of an account in a region."""

    account: str
    region: str
    name: str
    document: str
    updated_ms: int


class Documents(Struct, frozen=True):
    """All policies: of groups by surrogate id, of accounts by (account, region)."""

    groups: Mapping[int, str]
    accounts: Mapping[tuple[str, str], Sequence[str]]


class DataPolicies:
    """The policies of every group and account. `changes` counts what this process changed."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self.changes = 0

    async def put(self, group: Group, document: str) -> GroupPolicy:
        """Give a group its policy, in place of any it has; it holds for what comes from now on. Raises InvalidInput."""
        read_policy(document)
        made = GroupPolicy(document, self._clock.now_ms())

        def write(connection: Connection) -> None:
            connection.execute(delete(log_group_policies).where(_of_groups.group == group.id))
            row = {"group": group.id, "document": document, "updated_ms": made.updated_ms}
            connection.execute(insert(log_group_policies).values(row))

        await self._changed(write)
        return made

    async def get(self, group: Group) -> GroupPolicy | None:
        """The policy of a group, if it has one."""
        wanted = select(log_group_policies).where(_of_groups.group == group.id)
        row = await self._state.read(lambda connection: connection.execute(wanted).first())
        return None if row is None else GroupPolicy(row.document, row.updated_ms)

    async def delete(self, group: Group) -> None:
        """Take a group's policy away; what was masked stays so. Raises NotFound."""
        gone = delete(log_group_policies).where(_of_groups.group == group.id)
        if not await self._changed(lambda connection: connection.execute(gone).rowcount):
            raise NotFound(f"cannot find a data protection policy of {group.name}")

    async def put_account(self, account: str, region: str, name: str, document: str) -> AccountPolicy:
        """Give an account its policy, of which it has one. Raises InvalidInput; LimitExceeded for a second name."""
        read_policy(document)
        made = AccountPolicy(account, region, name, document, self._clock.now_ms())

        def write(connection: Connection) -> None:
            others = _accounts(account, region).where(_of_accounts.name != name)
            if (other := connection.execute(others).first()) is not None:
                raise LimitExceeded(f"cannot put the policy {name}: the account has {other.name}; delete that first")
            connection.execute(_gone(account, region, name))
            row = {
                "account": account, "region": region, "type": DATA_PROTECTION, "name": name, "document": document,
                "selection": "", "updated_ms": made.updated_ms,
            }  # fmt: skip
            connection.execute(insert(log_account_policies).values(row))

        await self._changed(write)
        return made

    async def of_account(self, account: str, region: str) -> list[AccountPolicy]:
        """The policies of an account."""
        wanted = _accounts(account, region).order_by(_of_accounts.name)
        rows = await self._state.read(lambda connection: connection.execute(wanted).all())
        return [AccountPolicy(row.account, row.region, row.name, row.document, row.updated_ms) for row in rows]

    async def delete_account(self, account: str, region: str, name: str) -> None:
        """Take a policy of an account away. Raises NotFound."""
        if not await self._changed(lambda connection: connection.execute(_gone(account, region, name)).rowcount):
            raise NotFound(f"cannot find the data protection policy {name[:200]!r}")

    async def every(self) -> Documents:
        """All documents that there are."""

        def read(connection: Connection) -> Documents:
            groups = {row.group: row.document for row in connection.execute(select(log_group_policies))}
            accounts: dict[tuple[str, str], list[str]] = defaultdict(list)
            for row in connection.execute(select(log_account_policies).where(_of_accounts.type == DATA_PROTECTION)):
                accounts[row.account, row.region].append(row.document)
            return Documents(groups, accounts)

        return await self._state.read(read)

    async def _changed(self, write: Callable[[Connection], T]) -> T:
        answer = await self._state.change(write)
        self.changes += 1
        return answer


def _accounts(account: str, region: str) -> Select[Any]:
    return select(log_account_policies).where(
        _of_accounts.account == account, _of_accounts.region == region, _of_accounts.type == DATA_PROTECTION
    )


def _gone(account: str, region: str, name: str) -> Any:
    return delete(log_account_policies).where(
        _of_accounts.account == account,
        _of_accounts.region == region,
        _of_accounts.type == DATA_PROTECTION,
        _of_accounts.name == name,
    )
