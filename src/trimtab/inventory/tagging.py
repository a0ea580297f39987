"""Tags of things with ARNs, whoever told of them: read over the whole inventory, and set here without touching AWS.

A tag that is set here is kept beside the thing, so that the next read of its account does not lose it. One that is
removed here and that AWS itself has comes back with the next read: an account is never changed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.inventory.owners import owner_of
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import ResourceStore, type_of_arn
from trimtab.store.state.database import State
from trimtab.store.state.tables import resources, tags

MAX_TAGS = 50
"""Tags of one thing. Source: AWS's "Tag naming limits"."""
_AT_ONCE = 500
_RESERVED = "aws:"


class Tagged(Struct, frozen=True):
    """A thing with its tags."""

    arn: str
    tags: Mapping[str, str]

    @property
    def resource_type(self) -> str:
        """Its type as AWS names it (`ec2:instance`)."""
        return type_of_arn(self.arn)


class Tagging:
    """Tags over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._resources = ResourceStore(state)

    async def all(self, scope: Scope) -> list[Tagged]:
        """Everything that has tags, by ARN: resources of the inventory, and what trimtab itself tags."""
        found = {one.arn: dict(one.tags) for one in await self._resources.with_arn(scope) if one.tags}

        def work(connection: Connection) -> None:
            for row in connection.execute(select(tags)):
                if _covers(scope, row.arn):
                    found.setdefault(row.arn, {})[row.key] = row.value

        mine = set(found)  # a resource may be seen by its owner without a tag
        await self._state.read(work)
        return [Tagged(arn, found[arn]) for arn in sorted(found) if arn in mine or scope.sees(found[arn])]

    async def known(self, arns: Sequence[str]) -> set[str]:
        """Those of some ARNs that are of the inventory."""

        def read(connection: Connection) -> set[str]:
            return {
                row.arn
                for at in range(0, len(arns), _AT_ONCE)
                for row in connection.execute(
                    select(resources.c.arn).where(resources.c.arn.in_(arns[at : at + _AT_ONCE]))
                )
            }

        return await self._state.read(read)

    async def change(
        self, scope: Scope, arns: Sequence[str], put: Mapping[str, str], remove: Iterable[str] = ()
    ) -> dict[str, str]:
        """Set and remove tags of things; why it could not be done, by ARN."""
        gone = list(remove)
        for key in (*put, *gone):
            if key.casefold().startswith(_RESERVED):
                raise InvalidInput(f"cannot change tag {key!r}: names that begin with aws: belong to AWS")

        def work(connection: Connection) -> dict[str, str]:
            failed = {}
            for arn in dict.fromkeys(arns):
                if problem := _change(connection, scope, arn, put, gone):
                    failed[arn] = problem
            return failed

        return await self._state.change(work)


def kept_tags(connection: Connection, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Tags that were set here, by ARN: a read of an account puts them over what AWS says."""
    found: dict[str, dict[str, str]] = {}
    for at in range(0, len(arns), _AT_ONCE):
        for row in connection.execute(select(tags).where(tags.c.arn.in_(arns[at : at + _AT_ONCE]))):
            found.setdefault(row.arn, {})[row.key] = row.value
    return found


def _change(connection: Connection, scope: Scope, arn: str, put: Mapping[str, str], remove: Sequence[str]) -> str:
    """Change one thing's tags; why it could not be done."""
    row = connection.execute(select(resources).where(resources.c.arn == arn)).first()
    own = kept_tags(connection, [arn]).get(arn, {})
    before = {**(json.loads(row.tags) if row else {}), **own}
    known = {"team": row.owner if row else "", **before}
    if row is None or not _covers(scope, arn) or not scope.sees(known):
        return f"{arn} is not in the inventory"
    after = {key: value for key, value in {**before, **put}.items() if key not in remove}
    if len(after) > MAX_TAGS:
        return f"{arn} would have {len(after)} tags; it may have {MAX_TAGS}"
    kept = {key: value for key, value in {**own, **put}.items() if key not in remove}
    connection.execute(delete(tags).where(tags.c.arn == arn))
    if kept:
        connection.execute(insert(tags), [{"arn": arn, "key": key, "value": value} for key, value in kept.items()])
    values = {"tags": json.dumps(after, sort_keys=True), "owner": owner_of(after) or row.owner}
    connection.execute(update(resources).where(resources.c.arn == arn).values(values))
    return ""


def _covers(scope: Scope, arn: str) -> bool:
    """Whether a scope has the account and region of a thing."""
    ref = parse_arn(arn)
    if scope.accounts is not None and ref.account not in scope.accounts:
        return False
    return scope.regions is None or not ref.region or ref.region in scope.regions
