"""Resource policies: who else may write logs. They are kept and told as AWS's clients expect, and not enforced."""

import json
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_policies import log_resource_policies

MOST = 10
"""Policies of an account in a region, as documented."""
_columns = log_resource_policies.c


class ResourcePolicy(Struct, frozen=True):
    """A policy of an account, or of one resource (`resource` is its ARN). `revision` changes with every change."""

    account: str
    region: str
    resource: str
    name: str
    document: str
    revision: str
    updated_ms: int


_LISTED = ("Action", "NotAction", "Resource", "NotResource")
"""Members of a statement that are a value or a list of them, beside those of principals."""
_OLDEST = "2008-10-17"
"""The version of a document that names none. Source: IAM user guide, "Version"."""


def normal(document: str) -> str:
    """A policy as it is read back: with its version, and a list of a single value as this value, as recorded."""
    policy = typed.loads(document)
    if not isinstance(policy, dict):
        return document
    statements = policy.get("Statement")
    if isinstance(statements, list):
        policy["Statement"] = [_statement(each) if isinstance(each, dict) else each for each in statements]
    return json.dumps({"Version": _OLDEST, **policy}, separators=(",", ":"))


def _statement(statement: dict[str, Any]) -> dict[str, Any]:
    plain = {name: _single(value) if name in _LISTED else value for name, value in statement.items()}
    for name in ("Principal", "NotPrincipal"):
        if isinstance(plain.get(name), dict):
            plain[name] = {kind: _single(value) for kind, value in plain[name].items()}
    return plain


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


class ResourcePolicies:
    """The resource policies of every account."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(
        self, account: str, region: str, name: str, document: str, resource: str = "", expected: str = ""
    ) -> ResourcePolicy:
        """Keep a policy. Raises InvalidInput, LimitExceeded, and Conflict where `expected` is not its revision."""
        try:
            typed.loads(document)
        except ValueError:
            raise InvalidInput("The policy document is not JSON") from None
        made = ResourcePolicy(account, region, resource, name, document, new_id(), self._clock.now_ms())
        where = _where(account, region, resource, name)

        def write(connection: Connection) -> None:
            _check(connection, where, expected)
            connection.execute(delete(log_resource_policies).where(where))
            others = select(func.count()).select_from(log_resource_policies)
            mine = others.where(_columns.account == account, _columns.region == region, _columns.resource == resource)
            if connection.execute(mine).scalar_one() >= MOST:
                raise LimitExceeded("Resource limit exceeded.")
            connection.execute(insert(log_resource_policies).values(_row(made)))

        await self._state.change(write)
        return made

    async def listed(self, account: str, region: str, *, resource: str | None = None) -> list[ResourcePolicy]:
        """Policies by name: those of the account (resource ""), of one resource, or of all resources (None)."""
        wanted = select(log_resource_policies).where(_columns.account == account, _columns.region == region)
        if resource is not None:
            wanted = wanted.where(_columns.resource == resource)
        else:
            wanted = wanted.where(_columns.resource != "")
        ordered = wanted.order_by(_columns.resource, _columns.name)
        rows = await self._state.read(lambda connection: connection.execute(ordered).mappings().all())
        return [ResourcePolicy(**{name: row[name] for name in ResourcePolicy.__struct_fields__}) for row in rows]

    async def delete(self, account: str, region: str, name: str, resource: str = "", expected: str = "") -> None:
        """Forget a policy. Raises NotFound, Conflict."""
        where = _where(account, region, resource, name)

        def write(connection: Connection) -> None:
            _check(connection, where, expected)
            if not connection.execute(delete(log_resource_policies).where(where)).rowcount:
                raise NotFound(f"Policy with name [{name}] does not exist.")

        await self._state.change(write)


def _check(connection: Connection, where: ColumnElement[bool], expected: str) -> None:
    revision = connection.execute(select(_columns.revision).where(where)).scalar()
    if expected and revision != expected:
        raise Conflict("The policy was changed since it was read: its revision is another")


def _where(account: str, region: str, resource: str, name: str) -> ColumnElement[bool]:
    return and_(
        _columns.account == account, _columns.region == region, _columns.resource == resource, _columns.name == name
    )


def _row(policy: ResourcePolicy) -> dict[str, object]:
    return {name: getattr(policy, name) for name in ResourcePolicy.__struct_fields__}
