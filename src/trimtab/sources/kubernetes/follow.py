"""Reads a cluster and goes on: what changed while nobody looked, a list, then watches whose changes are posted soon."""

import logging
import queue
import threading
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import Throttled, TrimtabError, Unavailable
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import ReportNodes, ReportRuns
from trimtab.client.runs import Runs
from trimtab.sources.kubernetes.api import Api, Event, Expired
from trimtab.sources.kubernetes.cluster import Cluster
from trimtab.sources.kubernetes.cursor import Cursor
from trimtab.sources.kubernetes.objects import Node, Pod

_log = logging.getLogger(__name__)
T = TypeVar("T")
PODS, NODES = "/api/v1/pods", "/api/v1/nodes"
WATCH_S = 300.0
"""How long a watch is kept open: API servers end them after five to ten minutes anyway."""
CATCH_UP_S = 2.0
"""How long a watch from a saved version is read: what the server still knows comes at once."""
_PAUSE_S = 5.0
_MOST_AT_ONCE = 5000


@dataclass
class Totals:
    """What was done so far."""

    runs: int = 0
    changed: int = 0
    lost: int = 0
    nodes: int = 0
    pods: int = 0
    reports: int = 0


class Listed(Struct, Generic[T], frozen=True):
    """All objects of a path, where a watch could not go on."""

    path: str
    objects: list[T]
    version: str


Change = Event[Pod] | Event[Node] | Listed[Pod] | Listed[Node] | TrimtabError
Changes = queue.Queue[Change]


class Follow(Struct):
    """One cluster, read by `api` and told to trimtab under the name `cluster`."""

    api: Api
    runs: Runs
    inventory: Inventory
    cursor: Cursor
    clock: Clock
    cluster: str
    account: str = ""
    known: Cluster = field(default_factory=Cluster)
    totals: Totals = field(default_factory=Totals)
    _pods_version: str = ""
    _nodes_version: str = ""

    def read(self) -> None:
        """All as it is now, after what ended while nobody looked. Raises AccessDenied, InvalidInput, Unavailable."""
        found, self._nodes_version = self.api.list(NODES, Node)
        self.known.replace_nodes(found)
        self._catch_up()
        pods, self._pods_version = self.api.list(PODS, Pod)
        self.totals.pods = len(pods)
        self.known.replace_pods(pods, self.clock.now_ms())
        self.report()

    def follow(self, interval_s: float, stop: threading.Event) -> None:
        """Watch until `stop`, and post what changed every `interval_s` seconds."""
        changes: Changes = queue.Queue(_MOST_AT_ONCE)
        pods = Watch(self.api, PODS, Pod, self._pods_version, changes, stop)
        nodes = Watch(self.api, NODES, Node, self._nodes_version, changes, stop)
        for watch in (pods, nodes):
            threading.Thread(target=watch.run, daemon=True).start()
        while not stop.wait(interval_s):
            self._take(changes)
            try:
                self.report()
            except (Unavailable, Throttled) as problem:
                _log.warning("%s; trying again", problem)

    def report(self) -> None:
        """Post what changed, and that the rest is as it was. What cannot be posted is posted next time."""
        seen_ms, version = self.clock.now_ms(), self._pods_version
        changed = self.known.changed()
        body = ReportRuns(
            self.cluster, "kubernetes", list(changed.values()), seen_ms, self.account, self.known.open_jobs()
        )
        taken = self.runs.report(body)
        nodes = self.known.nodes()
        self.inventory.put_nodes(ReportNodes(self.cluster, nodes, seen_ms, self.account, whole=True))
        self.known.settle(changed)
        if version:
            self.cursor.advance(version)
        self.totals.runs += taken.runs
        self.totals.changed += taken.changed
        self.totals.lost += taken.lost
        self.totals.nodes = len(nodes)
        self.totals.reports += 1

    def _catch_up(self) -> None:
        """Pods that ended and went since the version that was kept: only their last events tell how they ended."""
        if not self.cursor.version:
            return
        seen = 0
        try:
            for event in self.api.watch(PODS, Pod, self.cursor.version, CATCH_UP_S):
                if event.object is not None:
                    self.known.set_pod(event.object, self.clock.now_ms(), deleted=event.type == "DELETED")
                    seen += 1
        except Expired:
            _log.info("the cluster no longer knows what changed since the last look: its list tells what is there now")
        _log.info("%d changes since the last look", seen)

    def _take(self, changes: Changes) -> None:
        now_ms = self.clock.now_ms()
        for _ in range(_MOST_AT_ONCE):
            try:
                change = changes.get_nowait()
            except queue.Empty:
                return
            match change:
                case TrimtabError():
                    _log.warning("%s; trying again", change)
                case Listed(path, objects, version) if path == PODS:
                    self.known.replace_pods([one for one in objects if isinstance(one, Pod)], now_ms)
                    self._pods_version = version
                case Listed(_, objects):
                    self.known.replace_nodes(one for one in objects if isinstance(one, Node))
                case Event(kind, Pod() as pod, version):
                    self.known.set_pod(pod, now_ms, deleted=kind == "DELETED")
                    self._pods_version = version
                case Event(kind, Node() as node):
                    self.known.set_node(node, deleted=kind == "DELETED")


class Watch(Struct, Generic[T]):
    """Puts the changes of a path into a queue, by one watch after the other, until `stop`."""

    api: Api
    path: str
    type: type[T]
    version: str
    changes: "queue.Queue[Any]"
    stop: threading.Event

    def run(self) -> None:
        """Watch; where the server no longer knows the version, list and go on from there."""
        while not self.stop.is_set():
            try:
                for event in self.api.watch(self.path, self.type, self.version, WATCH_S):
                    self.version = event.version
                    self.changes.put(event)
            except Expired:
                self._list()
            except TrimtabError as problem:
                self.changes.put(problem)
                self.stop.wait(_PAUSE_S)

    def _list(self) -> None:
        try:
            found, self.version = self.api.list(self.path, self.type)
        except TrimtabError as problem:
            self.changes.put(problem)
            self.stop.wait(_PAUSE_S)
        else:
            self.changes.put(Listed(self.path, found, self.version))
