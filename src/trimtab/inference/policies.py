"""The policies that were chosen for endpoints: type × count × target, which whoever scales them reads."""

import json
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.inference.sizing import Policy
from trimtab.store.state.database import State
from trimtab.store.state.schema.inference import endpoint_policies

_columns = endpoint_policies.c


class ChosenPolicy(Struct, frozen=True):
    """A policy with its endpoint, and who chose it when; `targets` are the scaling engine's that it was handed to."""

    account: str
    endpoint: str
    policy: Policy
    made_ms: int
    made_by: str
    targets: tuple[str, ...] = ()


class _Handed(Struct, frozen=True):
    """What the stored form holds beside the policy's own fields."""

    targets: tuple[str, ...] = ()


class PolicyStore:
    """The policies of one state database: one for each endpoint of an account."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def choose(
        self, account: str, endpoint: str, policy: Policy, by: str, targets: Sequence[str] = ()
    ) -> ChosenPolicy:
        """Make it the endpoint's policy, in place of the one before."""
        made = ChosenPolicy(account, endpoint, policy, self._clock.now_ms(), by, tuple(targets))

        def write(connection: Connection) -> ChosenPolicy:
            connection.execute(delete(endpoint_policies).where(_is(account, endpoint)))
            form = json.dumps({**msgspec.to_builtins(policy), "targets": list(targets)})
            row = {"account": account, "endpoint": endpoint, "form": form, "made_ms": made.made_ms, "made_by": by}
            connection.execute(insert(endpoint_policies).values(**row))
            return made

        return await self._state.change(write)

    async def listed(self, scope: Scope) -> list[ChosenPolicy]:
        """The policies that a scope sees, by endpoint."""
        query = select(endpoint_policies).order_by(_columns.endpoint, _columns.account)
        if scope.accounts is not None:
            query = query.where(_columns.account.in_(scope.accounts))

        def read(connection: Connection) -> list[ChosenPolicy]:
            return [_chosen(row) for row in connection.execute(query)]

        return await self._state.read(read)

    async def of(self, scope: Scope, endpoint: str) -> ChosenPolicy | None:
        """The policy of an endpoint; None where none was chosen."""
        return next((one for one in await self.listed(scope) if one.endpoint == endpoint), None)

    async def delete(self, scope: Scope, endpoint: str) -> None:
        """Choose nothing for an endpoint. Raises NotFound."""
        found = await self.of(scope, endpoint)
        if found is None:
            raise NotFound(f"no policy was chosen for endpoint {endpoint!r}")

        def write(connection: Connection) -> None:
            connection.execute(delete(endpoint_policies).where(_is(found.account, endpoint)))

        await self._state.change(write)


def _is(account: str, endpoint: str) -> ColumnElement[bool]:
    return and_(_columns.account == account, _columns.endpoint == endpoint)


def _chosen(row: Row[tuple[object, ...]]) -> ChosenPolicy:
    values = row._mapping
    form = str(values["form"])
    policy, handed = typed.decode(form, type=Policy), typed.decode(form, type=_Handed)
    return ChosenPolicy(
        values["account"], values["endpoint"], policy, values["made_ms"], values["made_by"], handed.targets
    )
