"""Analyses over the small company of `made_datasets`, and what is written of them."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from made_datasets import A
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.metrics.model import Identity, MetricBatch

T = TypeVar("T")
ADMIN = Principal("ann", None, Role.ADMIN, EVERYTHING)
OF_A = Principal("bob", A, Role.WRITE, Scope(frozenset((A,))))
SPEC: dict[str, Any] = {
    "dataset": "bill",
    "range": "3d",
    "visuals": [
        {"id": "by-team", "by": ["team"], "measures": ["sum(cost)"]},
        {"id": "by-day", "by": ["day"], "measures": ["sum(cost)"], "forecast": "3d"},
    ],
}


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class Kept:
    """Points and series that were written."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self.series: list[Identity] = []

    async def write(self, batch: MetricBatch, key: str | None = None) -> None:
        self.points += [(int(one["time"]), float(one["value"])) for one in batch.samples]

    def add(self, identity: Identity) -> int:
        self.series.append(identity)
        return 7
