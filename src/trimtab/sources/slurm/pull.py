"""One look at a cluster after the other: the past window by window, then what is new, each posted before it counts."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from msgspec import Struct
from msgspec import field as struct_field

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import NodeRecord, ReportNodes, ReportRuns
from trimtab.client.runs import Runs
from trimtab.sources.slurm.cursor import Cursor
from trimtab.sources.slurm.events import Event, looks
from trimtab.sources.slurm.gathered import Gathered
from trimtab.sources.slurm.records import Known, report

_log = logging.getLogger(__name__)
OVERLAP_MS = 600_000
"""How far each look goes back before the last: accounting writes with some minutes' delay when it is busy."""
WINDOW_MS = 7 * 86_400_000
"""Time of which accounting is asked at once: slurmdbd refuses or stalls at months of a large cluster."""
_MOST_SKIPPED = 20


class Tools(Protocol):
    """What a look asks: `commands.Tools` runs commands, `commands.Printed` reads files."""

    def sacct(self, start_ms: int, end_ms: int) -> str:
        """Accounting over a range."""
        ...

    def jobs(self) -> str:
        """The controller's jobs."""
        ...

    def nodes(self) -> str:
        """The nodes."""
        ...

    def squeue(self) -> str:
        """Why jobs wait."""
        ...

    def events(self, start_ms: int) -> str:
        """Nodes of the past."""
        ...

    def others(self) -> list[tuple[str, str]]:
        """Further outputs by name, of which only the content says what they are."""
        ...

    def cluster(self) -> str:
        """The cluster's name, "" where nothing says it."""
        ...


@dataclass
class Totals:
    """What was done so far; `skipped` are lines that could not be read."""

    looks: int = 0
    runs: int = 0
    changed: int = 0
    lost: int = 0
    nodes: int = 0
    skipped: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_SKIPPED))
    skipped_lines: int = 0


class Pull(Struct):
    """Looks at one cluster. `whole`: what the controller says is all that is open (not so of files)."""

    tools: Tools
    runs: Runs
    inventory: Inventory
    cursor: Cursor | None
    clock: Clock
    zone: tzinfo
    cluster: str = ""
    account: str = ""
    every: bool = False
    whole: bool = True
    seen_ms: int | None = None
    """When files were printed; now where it is not said."""
    totals: Totals = struct_field(default_factory=Totals)
    on_step: Callable[[int, int], None] = lambda done_ms, whole_ms: None

    def history(self, since_ms: int) -> None:
        """Read all since then that is not there yet, and what is open. Raises InvalidInput, SetupError, Unavailable."""
        now_ms = self.clock.now_ms()
        start_ms = since_ms
        if self.cursor is not None and self.cursor.through_ms > since_ms:
            start_ms = self.cursor.through_ms - OVERLAP_MS
        machines = self.tools.nodes()
        past = self.tools.events(start_ms) if start_ms == since_ms else ""  # what was looked at is known better
        begun_ms = start_ms
        while start_ms < now_ms:
            end_ms = min(start_ms + WINDOW_MS, now_ms)
            self._look(start_ms, end_ms, machines, last=end_ms == now_ms, past=past, since_ms=begun_ms)
            self.on_step(end_ms - begun_ms, now_ms - begun_ms)
            start_ms = end_ms

    def look(self) -> None:
        """What is new since the last look."""
        now_ms = self.clock.now_ms()
        through_ms = self.cursor.through_ms if self.cursor is not None else 0
        self._look((through_ms or now_ms) - OVERLAP_MS, now_ms, self.tools.nodes(), last=True)

    def follow(self, interval_s: float, stop: Callable[[float], bool]) -> None:
        """Look every `interval_s` seconds until `stop` says so."""
        while not stop(interval_s):
            self.look()

    def _look(self, start_ms: int, end_ms: int, machines: str, last: bool, past: str = "", since_ms: int = 0) -> None:
        seen_ms = self.seen_ms if self.seen_ms is not None else self.clock.now_ms()
        read = Gathered(self.zone)
        read.machines(machines)
        read.accounting(self.tools.sacct(start_ms, end_ms))
        read.controller(self.tools.jobs())
        if last:
            read.queue(self.tools.squeue())
            read.past(past)
        for name, text in self.tools.others():
            read.file(name, text)
        named = next((job.cluster for job in read.jobs if job.cluster), "") or read.cluster
        self.cluster = self.cluster or named or self.tools.cluster()
        skipped, known_nodes = read.skipped, read.nodes
        told = report(Known(tuple(read.jobs), read.details, read.reasons, known_nodes), self.every, live=self.whole)
        skipped += [
            f"job {id_} runs by accounting, and the controller does not know it: a runaway" for id_ in told.runaway
        ]
        if not self.cluster:
            raise InvalidInput("cannot tell which cluster this is: try --cluster NAME", field="--cluster")
        open_ = told.open if last and self.whole else None
        taken = self.runs.report(ReportRuns(self.cluster, "slurm", told.runs, seen_ms, self.account, open_))
        if last:
            self._past(read.events, known_nodes, since_ms or start_ms, seen_ms)
        if known_nodes and last:
            self.inventory.put_nodes(
                ReportNodes(self.cluster, list(known_nodes.values()), seen_ms, self.account, whole=self.whole)
            )
        if self.cursor is not None:
            self.cursor.advance(end_ms)
        self._count(taken.runs, taken.changed, taken.lost, len(known_nodes), skipped)

    def _past(self, told: Sequence[Event], known: Mapping[str, NodeRecord], start_ms: int, end_ms: int) -> None:
        """Report the nodes of the past, as looks at them would have found them."""
        mine = [one for one in told if one.cluster in ("", self.cluster)]
        for look in looks(mine, known, start_ms, end_ms):
            self.inventory.put_nodes(ReportNodes(self.cluster, look.nodes, look.at_ms, self.account, whole=look.whole))

    def _count(self, runs: int, changed: int, lost: int, nodes_: int, skipped: list[str]) -> None:
        self.totals.looks += 1
        self.totals.runs += runs
        self.totals.changed += changed
        self.totals.lost += lost
        self.totals.nodes = nodes_
        self.totals.skipped.extend(skipped)
        self.totals.skipped_lines += len(skipped)
        for line in skipped[:_MOST_SKIPPED]:
            _log.warning("left out of what SLURM says: %s", line)
