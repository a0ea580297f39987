"""The allocation of one state database: every version of it is kept, the newest counts."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.costs.model import CostCategory, Facet, Tag
from trimtab.economics.months import named
from trimtab.economics.rules.model import RuleSet
from trimtab.economics.rules.read import read_rules
from trimtab.store.state.database import State
from trimtab.store.state.tables import allocation_rules, statements

DEFAULT_DOCUMENT = """\
# Who pays for what. Statements are made for the values of the category `owner`.
basis: net-amortized # billed, net, amortized or net-amortized; it stays once a month is closed
owner: team
tags:
  - key: team        # Team and TEAM are the same key
    aliases: [owner]
categories:
  - name: team
    default: unowned
    rules:
      - inherit: "tag:team"
shared:              # machines go to who held their GPUs; time that nobody held, to whom the bill names
  - name: machines
    when:
      charge-category: Usage
      any: [{service-category: [Compute, AI and Machine Learning]}, {not: {absent: instance-type}}]
    free: owner
"""
"""What counts before anything else is applied (version 0): a month that was closed without rules keeps its basis."""


class RulesVersion(Struct, frozen=True):
    """A version of the allocation: the document as it was given, and what it says."""

    version: int
    document: str
    rules: RuleSet
    created_ms: int = 0
    created_by: str = ""
    note: str = ""

    @property
    def owner_facet(self) -> Facet:
        """What bills are grouped by for owners: the category of the rules, or the tag where none were applied.

        Of the tag "" is what nobody owns; of the category its default and `unused commitments` are.
        """
        return CostCategory(self.rules.owner) if self.version else Tag(self.rules.owner)


class RulesStore:
    """Reads and applies allocations."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def current(self) -> RulesVersion:
        """The newest version."""
        query = select(allocation_rules).order_by(allocation_rules.c.version.desc()).limit(1)
        row = await self._state.read(lambda connection: connection.execute(query).one_or_none())
        return await self._default() if row is None else _version(row)

    async def version(self, number: int) -> RulesVersion:
        """One version. Raises NotFound."""
        if number == 0:
            return await self._default()
        query = select(allocation_rules).where(allocation_rules.c.version == number)
        row = await self._state.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound(f"cannot find version {number} of the allocation; `trimtab allocation versions` lists them")
        return _version(row)

    async def _default(self) -> RulesVersion:
        last = await self._state.read(_last_closed)
        rules = read_rules(DEFAULT_DOCUMENT)
        if last is None or last.basis == rules.basis.value or last.owner_category != rules.owner:
            return RulesVersion(0, DEFAULT_DOCUMENT, rules)
        kept = DEFAULT_DOCUMENT.replace(f"basis: {rules.basis.value} ", f"basis: {last.basis} ")
        return RulesVersion(0, kept, read_rules(kept))

    async def versions(self, limit: int = 100) -> list[RulesVersion]:
        """The newest versions, the newest first."""
        query = select(allocation_rules).order_by(allocation_rules.c.version.desc()).limit(limit)
        rows = await self._state.read(lambda connection: connection.execute(query).all())
        return [_version(row) for row in rows]

    async def apply(self, document: str, by: str, note: str = "", based_on: int | None = None) -> RulesVersion:
        """Make `document` the allocation. `based_on` is the version that it was made from, where that matters.

        Raises InvalidInput for one that cannot be, Conflict where another was applied in the meantime or where it
        changes the basis or the owner after a month was closed.
        """
        rules = read_rules(document)
        now = self._clock.now_ms()

        def work(connection: Connection) -> int:
            newest = select(allocation_rules.c.version).order_by(allocation_rules.c.version.desc()).limit(1)
            current = connection.execute(newest).scalar() or 0
            if based_on is not None and based_on != current:
                raise Conflict(
                    f"cannot apply allocation: it was made from version {based_on}, and the newest is {current}; "
                    "look at it and apply again"
                )
            _keep_basis(connection, rules)
            row = {"document": document, "created_ms": now, "created_by": by[:128], "note": note[:2000]}
            made = connection.execute(insert(allocation_rules).values(row)).inserted_primary_key
            if made is None:
                raise AssertionError("bug: a version has no number")
            return int(made[0])

        number = await self._state.change(work)
        return RulesVersion(number, document, rules, now, by[:128], note[:2000])


def _keep_basis(connection: Connection, rules: RuleSet) -> None:
    last = _last_closed(connection)
    if last is None:
        return
    for what, kept, asked in (
        ("basis", last.basis, rules.basis.value),
        ("owner", last.owner_category, rules.owner),
    ):
        if kept != asked:
            raise Conflict(
                f"cannot apply allocation: {what} is {asked!r}, and {named(last.month)} was closed with {kept!r}; "
                f"it is chosen once, so that corrections of closed months can be carried on; try `{what}: {kept}`"
            )


def _last_closed(connection: Connection) -> Row[Any, Any, Any] | None:
    query = select(statements.c.month, statements.c.basis, statements.c.owner_category)
    return connection.execute(query.order_by(statements.c.month.desc()).limit(1)).one_or_none()


def _version(row: Row[tuple[object, ...]]) -> RulesVersion:
    found = row._mapping
    document = str(found["document"])
    return RulesVersion(
        int(found["version"]),
        document,
        read_rules(document),
        int(found["created_ms"]),
        str(found["created_by"]),
        str(found["note"]),
    )
