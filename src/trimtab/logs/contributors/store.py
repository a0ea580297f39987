"""The rules of every account, as they were put."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.base.partitions import partition_of
from trimtab.logs.contributors.rule import read_rule
from trimtab.store.state.database import State
from trimtab.store.state.schema.contributors import insight_rules

MOST_RULES = 100
"""Rules of an account in a region, as AWS's quota is unless it is raised."""
_columns = insight_rules.c


class StoredRule(Struct, frozen=True):
    """A rule with its definition as written. `changed_ms` is when it was put, enabled or disabled last."""

    account: str
    region: str
    name: str
    definition: str
    enabled: bool
    transformed: bool
    created_ms: int
    changed_ms: int

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn_of(self.account, self.region, self.name)


def arn_of(account: str, region: str, name: str) -> str:
    """The ARN of a rule."""
    return f"arn:{partition_of(region)}:cloudwatch:{region}:{account}:insight-rule/{name}"


class RuleStore:
    """The rules."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(
        self, account: str, region: str, name: str, definition: str, *, enabled: bool = True, transformed: bool = False
    ) -> StoredRule:
        """Keep a rule, in place of one of that name. Raises InvalidInput, LimitExceeded."""
        read_rule(definition)
        now_ms, where = self._clock.now_ms(), _where(account, region, name)

        def write(connection: Connection) -> StoredRule:
            created = connection.execute(select(_columns.created_ms).where(where)).scalar()
            counted = select(func.count()).select_from(insight_rules)
            mine = counted.where(_columns.account == account, _columns.region == region)
            if created is None and connection.execute(mine).scalar_one() >= MOST_RULES:
                raise LimitExceeded(f"cannot put the rule: there are {MOST_RULES}, as many as an account may have")
            made = StoredRule(account, region, name, definition, enabled, transformed, created or now_ms, now_ms)
            connection.execute(delete(insight_rules).where(where))
            connection.execute(insert(insight_rules).values({key: getattr(made, key) for key in _FIELDS}))
            return made

        return await self._state.change(write)

    async def get(self, account: str, region: str, name: str) -> StoredRule:
        """A rule. Raises NotFound."""
        found = await self._some(_where(account, region, name))
        if not found:
            raise NotFound(f"The insight rule {name[:200]} does not exist.")
        return found[0]

    async def listed(self, account: str, region: str, after: str = "", limit: int = 500) -> list[StoredRule]:
        """Rules by name, those after `after`."""
        return await self._some(
            and_(_columns.account == account, _columns.region == region, _columns.name > after), limit
        )

    async def named(self, name: str) -> list[StoredRule]:
        """The rules of this name, of all accounts and regions."""
        return await self._some(_columns.name == name)

    async def switch(self, account: str, region: str, names: Sequence[str], *, enabled: bool) -> list[str]:
        """Enable or disable rules; the names of those that are not there."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> list[str]:
            known = _known(connection, account, region, names)
            changed = update(insight_rules).where(
                _columns.account == account, _columns.region == region, _columns.name.in_(known),
                _columns.enabled.is_(not enabled),
            )  # fmt: skip
            connection.execute(changed.values(enabled=enabled, changed_ms=now_ms))
            return [name for name in names if name not in known]

        return await self._state.change(write)

    async def delete(self, account: str, region: str, names: Sequence[str]) -> list[str]:
        """Forget rules; the names of those that are not there."""

        def write(connection: Connection) -> list[str]:
            known = _known(connection, account, region, names)
            mine = _columns.account == account, _columns.region == region, _columns.name.in_(known)
            connection.execute(delete(insight_rules).where(*mine))
            return [name for name in names if name not in known]

        return await self._state.change(write)

    async def _some(self, where: ColumnElement[bool], limit: int = 500) -> list[StoredRule]:
        wanted = select(insight_rules).where(where).order_by(_columns.account, _columns.region, _columns.name)
        return await self._state.read(
            lambda connection: [_read(row) for row in connection.execute(wanted.limit(limit)).mappings()]
        )


_FIELDS = tuple(StoredRule.__struct_fields__)


def _where(account: str, region: str, name: str) -> ColumnElement[bool]:
    return and_(_columns.account == account, _columns.region == region, _columns.name == name)


def _known(connection: Connection, account: str, region: str, names: Sequence[str]) -> set[str]:
    wanted = select(_columns.name).where(
        _columns.account == account, _columns.region == region, _columns.name.in_(list(names))
    )
    return {str(row[0]) for row in connection.execute(wanted)}


def _read(row: RowMapping) -> StoredRule:
    kept: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return StoredRule(**kept)
