"""The demo from its first sample to Ctrl-C: load the history, then go on in real time."""

import threading
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.client.api import Client
from trimtab.demo import notes, own, world
from trimtab.demo.alarms import put_alarms
from trimtab.demo.audit import AuditFeed
from trimtab.demo.batch_jobs import put_batch_jobs
from trimtab.demo.bill.delivery import Delivery
from trimtab.demo.budgets import put_budgets
from trimtab.demo.faults import put_faults, refresh
from trimtab.demo.functions import FunctionFeed
from trimtab.demo.load_tests import put_load_tests
from trimtab.demo.logs import LogFeed
from trimtab.demo.model_calls import ModelCallFeed
from trimtab.demo.notes import Notes
from trimtab.demo.plant import Plant
from trimtab.demo.plants import plants
from trimtab.demo.promises import put_promises
from trimtab.demo.purchases import put_terms
from trimtab.demo.retraining import put_retraining, write_commands
from trimtab.demo.scaling import ScalingFeed
from trimtab.demo.scheduler import SchedulerFeed
from trimtab.demo.search_traces import SearchTraceFeed
from trimtab.demo.sender import Sender, Stopped
from trimtab.demo.simulation import Simulation
from trimtab.demo.sizes import judge, put_sizes
from trimtab.demo.slab import Slab, plan
from trimtab.demo.tokens import tokens
from trimtab.demo.totals import Totals
from trimtab.demo.traces import TraceFeed
from trimtab.demo.world import FINE_S

_SAVE_MS = 60_000
_PATIENCE_S = 900.0  # on a small machine that does other things, advice on everything takes its time
_STORED_BYTES = 4 << 20  # what a live fleet has on its way anyway


class Loaded(Struct, frozen=True):
    """What a load did, and how long it took: until all was acknowledged, and until all could be read."""

    samples: int
    sent_s: float
    stored_s: float


class Play:
    """One run against the server at `url`. `stop` ends it wherever it is."""

    def __init__(self, url: str, directory: Path, clock: Clock, stop: threading.Event) -> None:
        self._url = url
        self._directory = directory
        self._clock = clock
        self._stop = stop
        self._notes = remember(directory, clock.now_ms())
        self._simulation = Simulation(world.create(self._notes.seed, self._notes.anchor_ms), self._notes.totals)
        self._schedulers = SchedulerFeed(self._simulation.world)
        self._logs = LogFeed(self._simulation.world)
        self._audit = AuditFeed(self._simulation.world)
        self._traces = TraceFeed(self._simulation.world)
        self._search = SearchTraceFeed(self._simulation.world)
        self._calls = ModelCallFeed(self._simulation.world)
        self._functions = FunctionFeed(self._simulation.world)
        self._bill = Delivery(self._simulation.world, directory / "demo" / "bill")

    @property
    def plants(self) -> tuple[Plant, ...]:
        """What there is to find."""
        return plants(self._simulation.world)

    def run(self, progress: Callable[[float, int], None], loaded: Callable[[Loaded], None]) -> None:
        """Load what is missing, then go on until stopped. `progress` gets the share done and the samples so far.

        Raises Refused where the server does not take what is sent, and errors of the REST API.
        """
        with Client(self._url, timeout_s=_PATIENCE_S) as client:
            secrets = tokens(client, self._directory)
            scaled = ScalingFeed(self._url, secrets, self._notes.through_ms)
            self._bill.deliver(client, self._clock.now_ms())  # the server reads it while samples are made
            try:
                with Sender(self._url, secrets, self._stop) as sender:
                    result = self._load(sender, progress)
                    put_alarms(self._url, secrets)
                    put_promises(self._url, secrets)
                    put_retraining(self._url, secrets, self._clock.now_ms())
                    put_faults(self._url, secrets, self._clock.now_ms())
                    put_sizes(self._url, secrets, client, self._clock.now_ms())
                    self._bill.wait(client, self._stop)
                    put_terms(client, self._simulation.world)
                    put_load_tests(client, self._simulation.world)
                    put_batch_jobs(client, self._simulation.world)
                    scaled.begin(self._clock.now_ms())
                    scaled.tell(self._clock.now_ms())
                    refresh(client)
                    judge(client)
                    put_budgets(client, self._simulation.world)
                    loaded(result)
                    self._live(sender, client, scaled)
            except Stopped:
                return

    def _load(self, sender: Sender, progress: Callable[[float, int], None]) -> Loaded:
        began = self._clock.monotonic()
        slabs = list(plan(self._notes.through_ms, self._now()))
        whole = sum(_weight(slab) for slab in slabs)
        samples, done = 0, 0.0
        for slab in slabs:
            self._introduce(sender)  # a server that was started anew meanwhile has forgotten which are counters
            samples += self._send(sender, slab)
            done += _weight(slab)
            progress(done / whole, samples)
        sent_s = self._clock.monotonic() - began
        while sender.pending_bytes() > _STORED_BYTES and not self._stop.wait(0.2):
            progress(1.0, samples)
        return Loaded(samples, sent_s, self._clock.monotonic() - began)

    def _live(self, sender: Sender, client: Client, scaled: ScalingFeed) -> None:
        saved_ms = 0
        sender.send(own.introduction(sender.own_metrics()))
        while not self._stop.is_set():
            for slab in plan(self._notes.through_ms, self._now()):
                self._send(sender, slab, save=False)
            for shipment in own.scrape(sender.own_metrics(), self._now()):
                sender.send(shipment)
            if self._notes.through_ms - saved_ms >= _SAVE_MS:
                self._introduce(sender)  # once a minute, as Prometheus does
                self._notes.save(self._directory)
                saved_ms = self._notes.through_ms
            self._bill.deliver(client, self._clock.now_ms())  # once a day
            scaled.tell(self._clock.now_ms())  # once a minute
            due_ms = self._notes.through_ms + FINE_S * 1000 - self._clock.now_ms()
            self._stop.wait(max(due_ms, 1) / 1000)
        self._notes.save(self._directory)

    def _introduce(self, sender: Sender) -> None:
        """Say of each metric family whether it is a counter, before its samples come."""
        for shipment in self._simulation.introductions():
            sender.send(shipment)
        sender.finish()

    def _send(self, sender: Sender, slab: Slab, save: bool = True) -> int:
        """Send a slab and note it once all of it is acknowledged; its number of samples."""
        samples = 0
        for shipment in self._simulation.shipments(slab):
            if self._stop.is_set():
                raise Stopped("cannot send the demo: it was stopped")
            sender.send(shipment)
            samples += shipment.samples
        for feed in (self._logs, self._functions, self._audit, self._traces, self._search, self._calls):
            for shipment in feed.shipments(slab):
                sender.send(shipment)
        for shipment in self._schedulers.shipments(slab):
            sender.send_in_order(shipment)
        sender.finish()
        self._notes.through_ms = slab.last_ms
        if save:
            self._notes.save(self._directory)
        return samples

    def _now(self) -> int:
        """The last whole step."""
        step = FINE_S * 1000
        return self._clock.now_ms() // step * step


def prepare(directory: Path, now_ms: int, fresh: bool) -> None:
    """Make the data directory ready before the server opens it: wiped where `fresh`, or where what it holds is of
    another version or a week old. Raises SetupError for a directory that is not the demo's.
    """
    if fresh or notes.recall(directory, now_ms) is None:
        notes.wipe(directory)
    notes.claim(directory)
    write_commands(directory)


def planted(directory: Path, now_ms: int) -> tuple[Plant, ...]:
    """What is planted in the demo of a data directory; of one that would start now where there is none."""
    known = remember(directory, now_ms)
    return plants(world.create(known.seed, known.anchor_ms))


def remember(directory: Path, now_ms: int) -> Notes:
    """The notes to go on with, or new ones anchored at now."""
    known = notes.recall(directory, now_ms)
    if known is not None:
        return known
    return Notes(now_ms, world.start_of(now_ms) - 1, Totals())


def _weight(slab: Slab) -> float:
    return len(slab.times) * (2.0 if slab.fine else 1.0)
