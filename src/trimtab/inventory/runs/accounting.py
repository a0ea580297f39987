"""Since when the runs of a cluster tell who had its nodes, of the time before its scheduler was first asked.

A scheduler says who has what now. That a run ended long before anybody asked is known from accounting alone, which has
all the others of its time as well: from the start of the first such run on, what none of them held was free. Kubernetes
keeps no accounts: which of its pods that ended are still listed says nothing of the others.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, func, select

from trimtab.inventory.runs.marks import Span
from trimtab.inventory.runs.rows import STILL
from trimtab.store.state.tables import node_states, runs

Cluster = tuple[str, str]
"""An account, and the name of a cluster in it."""
Began = Mapping[Cluster, int | None]
"""When the scheduler of each was first asked for its nodes; None where it never was."""

_FORGOTTEN_MS = 3_600_000
"""A controller still knows jobs that ended minutes ago (SLURM's MinJobAge), which accounting need not have told."""
_WITHOUT = "kubernetes"


def accounted(connection: Connection, began: Began) -> dict[Cluster, int]:
    """Since when, by cluster; without those of which nothing is known of the time before."""
    found: dict[Cluster, int] = {}
    for (account, cluster), before_ms in began.items():
        ended = runs.c.end_ms.is_not(None) if before_ms is None else runs.c.end_ms <= before_ms - _FORGOTTEN_MS
        same = runs.c.account == account, runs.c.cluster == cluster, runs.c.scheduler != _WITHOUT
        starts = select(runs.c.start_ms).where(*same, runs.c.start_ms.is_not(None), ended)
        first = connection.execute(starts.order_by(runs.c.start_ms).limit(1)).scalar()
        if first is not None:
            found[account, cluster] = first
    return found


class Accounting(Struct, frozen=True):
    """What was known of some clusters before a report of runs."""

    began: Began
    since: Mapping[Cluster, int]

    @classmethod
    def of(cls, connection: Connection, clusters: Iterable[Cluster]) -> "Accounting":
        """What is known now."""
        began = {
            one: connection.execute(select(func.min(node_states.c.from_ms)).where(*_in(one))).scalar()
            for one in clusters
        }
        return cls(began, accounted(connection, began))

    def reaches_back(self, connection: Connection) -> Iterable[Span]:
        """After the report: the nodes and the time of which accounting tells now, and did not before."""
        for cluster, first_ms in accounted(connection, self.began).items():
            until_ms = self.since.get(cluster, self.began[cluster] or STILL)
            if first_ms < until_ms:
                names = connection.execute(select(node_states.c.name).where(*_in(cluster)).distinct()).scalars().all()
                if names:
                    yield Span(*cluster, tuple(names), first_ms, until_ms)


def _in(cluster: Cluster) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return node_states.c.account == cluster[0], node_states.c.cluster == cluster[1]
