"""`QuotaStore`: what teams of a cluster are entitled to, with the time from which it holds.

What is put at a time replaces all quotas of the cluster from then on, until the next time at which some were put.
"""

import json
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.store.state.database import State
from trimtab.store.state.tables import queue_quotas


class Stated(Struct, frozen=True, kw_only=True):
    """A quota as it is stated: GPUs, or a share of the cluster's."""

    team: str
    gpus: float | None = None
    share: float | None = None
    cohort: str = ""
    queues: tuple[str, ...] = ()


class InForce(Struct, frozen=True):
    """All quotas of a cluster in `[from_ms, to_ms)`; `to_ms` None: they still hold."""

    account: str
    cluster: str
    from_ms: int
    to_ms: int | None
    quotas: tuple[Stated, ...]


class QuotaStore:
    """Every quota that was put, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, account: str, cluster: str, from_ms: int, quotas: Sequence[Stated], by: str) -> None:
        """Replace what holds from then on; what was put for the same time before is gone."""
        await self._state.change(lambda connection: _put(connection, account, cluster, from_ms, quotas, by))

    async def listed(self, scope: Scope, cluster: str = "") -> list[InForce]:
        """What held when, by account, cluster and time. Who is bound to rows sees none: they are of every team."""
        return [] if scope.rows else await self._state.read(lambda connection: _listed(connection, scope, cluster))


def _put(connection: Connection, account: str, cluster: str, from_ms: int, quotas: Sequence[Stated], by: str) -> None:
    at = {"account": account, "cluster": cluster, "from_ms": from_ms}
    same = (queue_quotas.c[name] == value for name, value in at.items())
    connection.execute(delete(queue_quotas).where(*same))
    rows = [
        {**at, "team": one.team, "gpus": one.gpus, "share": one.share, "cohort": one.cohort,
         "queues": json.dumps(one.queues), "made_by": by}
        for one in quotas
    ]  # fmt: skip
    connection.execute(insert(queue_quotas), rows)


def _listed(connection: Connection, scope: Scope, cluster: str) -> list[InForce]:
    columns = queue_quotas.c
    query = select(queue_quotas).order_by(columns.account, columns.cluster, columns.from_ms, columns.team)
    if scope.accounts is not None:
        query = query.where(columns.account.in_(sorted(scope.accounts)))
    if cluster:
        query = query.where(columns.cluster == cluster)
    sets: dict[tuple[str, str, int], list[Stated]] = {}
    for row in connection.execute(query):
        queues = tuple(json.loads(row.queues))
        quota = Stated(team=row.team, gpus=row.gpus, share=row.share, cohort=row.cohort, queues=queues)
        sets.setdefault((row.account, row.cluster, row.from_ms), []).append(quota)
    found: list[InForce] = []
    for key, quotas in reversed(sets.items()):
        after = found[-1] if found and (found[-1].account, found[-1].cluster) == key[:2] else None
        found.append(InForce(*key, after.from_ms if after else None, tuple(quotas)))
    return found[::-1]
