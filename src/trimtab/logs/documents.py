"""Documents of log groups and of accounts: transformers and field index policies, each of a group or of an account.

A group's own goes before that of its account. They are rows of `log_account_policies`: those of a group have its id as
their name. A selection is `LogGroupNamePrefix` of the groups that an account's document is for.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.logs.model import Group
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_policies import log_account_policies

MOST_OF_ACCOUNT = 20
"""Documents of a kind in an account and region, as documented."""
_columns = log_account_policies.c


class DocumentKind(StrEnum):
    """What a document is, as account policies name it."""

    TRANSFORMER = "TRANSFORMER_POLICY"
    INDEX = "FIELD_INDEX_POLICY"

    @property
    def of_group(self) -> str:
        """What rows of groups are kept as."""
        return f"{self}/GROUP"


OF_GROUPS = tuple(kind.of_group for kind in DocumentKind)


class Document(Struct, frozen=True):
    """A document as it was put; `name` is empty for one of a group."""

    account: str
    region: str
    kind: DocumentKind
    name: str
    text: str
    prefix: str
    created_ms: int
    updated_ms: int


class Documents(Struct, frozen=True):
    """All documents of a kind: of groups by surrogate id, and those of accounts."""

    groups: Mapping[int, Document]
    accounts: Sequence[Document]

    def of(self, group: Group) -> Document | None:
        """The document that holds for a group: its own, else the account's with the longest prefix of its name."""
        if (own := self.groups.get(group.id)) is not None:
            return own
        fitting = [
            one
            for one in self.accounts
            if (one.account, one.region) == (group.account, group.region) and group.name.startswith(one.prefix)
        ]
        return max(fitting, key=lambda one: len(one.prefix), default=None)


class LogDocuments:
    """The documents of every group and account. `changes` counts what this process changed."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self.changes = 0

    async def put(self, kind: DocumentKind, group: Group, text: str) -> Document:
        """Give a group its document, in place of any it has."""
        where = _is(group.account, group.region, kind.of_group, str(group.id))
        return await self._put(kind, where, (group.account, group.region), kind.of_group, str(group.id), text, "")

    async def put_account(
        self, kind: DocumentKind, place: tuple[str, str], name: str, text: str, prefix: str
    ) -> Document:
        """Give an account a document, in place of that of the name. Raises LimitExceeded."""
        return await self._put(kind, _is(*place, kind, name), place, kind, name, text, prefix)

    async def delete(self, kind: DocumentKind, group: Group) -> None:
        """Take a group's document away. Raises NotFound."""
        if not await self._gone(_is(group.account, group.region, kind.of_group, str(group.id))):
            raise NotFound("The specified resource does not exist.")

    async def delete_account(self, kind: DocumentKind, place: tuple[str, str], name: str) -> None:
        """Take a document of an account away. Raises NotFound."""
        if not await self._gone(_is(*place, kind, name)):
            raise NotFound("The specified resource does not exist.")

    async def every(self, kind: DocumentKind) -> Documents:
        """All documents of a kind."""
        query = select(log_account_policies).where(_columns.type.in_([kind, kind.of_group])).order_by(_columns.name)
        rows = await self._state.read(lambda connection: connection.execute(query).all())
        return Documents(
            {int(row.name): _document(row, kind, "") for row in rows if row.type == kind.of_group},
            [_document(row, kind, row.name) for row in rows if row.type == kind],
        )

    async def _put(
        self, kind: DocumentKind, where: ColumnElement[bool], place: tuple[str, str], type_: str, name: str, text: str,
        prefix: str,
    ) -> Document:  # fmt: skip
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Document:
            known = connection.execute(select(log_account_policies).where(where)).first()
            if known is None and type_ == kind:
                others = _columns.account == place[0], _columns.region == place[1], _columns.type == type_
                count = connection.execute(
                    select(func.count()).select_from(log_account_policies).where(*others)
                ).scalar()
                if (count or 0) >= MOST_OF_ACCOUNT:
                    raise LimitExceeded(f"cannot put the policy {name}: the account has {count} of the type {kind}")
            created_ms = int(known.selection.partition(" ")[0]) if known is not None else now_ms
            connection.execute(delete(log_account_policies).where(where))
            row = {
                "account": place[0], "region": place[1], "type": type_, "name": name, "document": text,
                "selection": f"{created_ms} {prefix}", "updated_ms": now_ms,
            }  # fmt: skip
            connection.execute(insert(log_account_policies).values(row))
            return Document(*place, kind, "" if type_ == kind.of_group else name, text, prefix, created_ms, now_ms)

        made = await self._state.change(write)
        self.changes += 1
        return made

    async def _gone(self, where: ColumnElement[bool]) -> bool:
        gone = delete(log_account_policies).where(where)
        count = await self._state.change(lambda connection: connection.execute(gone).rowcount)
        self.changes += 1
        return bool(count)


def of_group(connection: Connection, id_: int) -> None:
    """Take away all documents of a group that is deleted."""
    where = and_(_columns.type.in_(OF_GROUPS), _columns.name == str(id_))
    connection.execute(delete(log_account_policies).where(where))


def _is(account: str, region: str, type_: str, name: str) -> ColumnElement[bool]:
    where = _columns.account == account, _columns.region == region, _columns.type == type_
    return and_(*where, _columns.name == name)


def _document(row: Any, kind: DocumentKind, name: str) -> Document:
    created, _, prefix = row.selection.partition(" ")
    return Document(row.account, row.region, kind, name, row.document, prefix, int(created), row.updated_ms)
