"""What the files that make metrics share: the state of the world in a slab, and how series are written down once."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from trimtab.demo.activity import Activity
from trimtab.demo.block import Block, Labels
from trimtab.demo.company import ACCOUNTS, Account, Node
from trimtab.demo.demand import Load
from trimtab.demo.noise import Floats, Times
from trimtab.demo.remote_write import series_head
from trimtab.demo.slab import Slab
from trimtab.demo.totals import Totals


class Moment(Struct, frozen=True):
    """Everything that happens in a slab."""

    slab: Slab
    load: Load
    activity: Activity
    totals: Totals


class Feed(Protocol):
    """A source of Prometheus series."""

    def blocks(self, moment: Moment) -> Iterable[Block]:
        """Its series over a slab."""
        ...


class Family:
    """Series whose labels never change, sent as rows of one matrix and split by account."""

    def __init__(self, accounts: Sequence[Account], labels: Sequence[Labels]) -> None:
        self._parts = []
        for account in ACCOUNTS:
            rows = np.array([row for row, owner in enumerate(accounts) if owner is account], np.intp)
            if len(rows):
                heads = [series_head(labels[row]) for row in rows.tolist()]
                self._parts.append((account.id, rows, heads))

    def blocks(self, times: Times, values: Floats) -> Iterable[Block]:
        """The rows of `values`, by account."""
        for account, rows, heads in self._parts:
            yield Block(account, heads, times, values[rows])


def scraped(node: Node, job: str, port: int) -> dict[str, str]:
    """The labels that Prometheus gives every series it scrapes: where from, and of which cluster."""
    return {"cluster": node.account.cluster, "instance": f"{node.address}:{port}", "job": job}
