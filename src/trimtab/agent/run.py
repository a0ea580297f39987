"""Puts the agent together and runs it until a signal, or until the process that started it is gone."""

import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import SystemRandom

from msgspec import Struct, field

from trimtab import __version__
from trimtab.agent import resource
from trimtab.agent.collect import host
from trimtab.agent.collect.probes import Probes, load
from trimtab.agent.collect.roots import Roots
from trimtab.agent.collector import Collector
from trimtab.agent.delivery import Delivery, Source
from trimtab.agent.held import Held
from trimtab.agent.identity import agent_id
from trimtab.agent.keep import Keep
from trimtab.agent.lock import exclusive
from trimtab.agent.reading import Reading
from trimtab.agent.scrape import remote_write
from trimtab.agent.scrape.targets import Targets
from trimtab.agent.sender import Sender, Wire, parse_url
from trimtab.agent.service import FIRST_SPAN_S, FLUSH_S, DeliveryThread, Parts, Service
from trimtab.agent.spool import Spool, SpoolLimits
from trimtab.agent.tail.batch import INGEST
from trimtab.agent.tail.config import FileSet
from trimtab.agent.tail.shipping import Shipping
from trimtab.base.clock import Clock
from trimtab.base.errors import SetupError

_log = logging.getLogger(__name__)
REMOTE_WRITE = Wire(remote_write.PATH, remote_write.HEADERS, remote_write.unpack)
"""What was scraped keeps its Prometheus names: in the namespace Prometheus, as a Prometheus would send it."""

SCRAPE_LIMITS = SpoolLimits(max_bytes=1 << 30, segment_bytes=4 << 20)
"""A GPU node's exporters make 3 to 10 kB a scrape, gzipped: 1 GiB lasts two weeks for five targets at 15 s."""


class Options(Struct, frozen=True):
    """How to run: where to send, how often (seconds), where to spool, and what else to say of this machine.

    `scrape_config`: the file of Prometheus endpoints to scrape beside. `probes`: the file of services to probe.
    `log_files`: the files to follow.
    `with_parent`: standard input is a pipe from the process that started this one; when it closes, end.
    """

    url: str
    token: str
    interval_s: float
    spool_dir: Path
    roots: Roots = field(default_factory=Roots)
    attributes: Mapping[str, str] = field(default_factory=dict)
    limits: SpoolLimits = field(default_factory=SpoolLimits)
    scrape_config: Path | None = None
    scrape_limits: SpoolLimits = SCRAPE_LIMITS
    probes: Path | None = None
    log_files: Sequence[FileSet] = ()
    with_parent: bool = False


def run(options: Options, clock: Clock) -> None:
    """Collect and deliver until SIGTERM or SIGINT. Raises SetupError where it cannot start; else ends normally."""
    parse_url(options.url)
    probes = Probes(load(options.probes) if options.probes else [], clock)
    with exclusive(options.spool_dir):
        identity, spool = _open(options)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if options.with_parent:
            end_with_input(sys.stdin.fileno(), stop)
        held = Held()
        sources = _sources(spool, held, f"{identity}/")
        scraping = _scraping(options, clock, identity)
        if scraping is not None:
            sources += scraping.sources
        shipping = _shipping(options, clock, identity)
        sender = Sender(options.url, options.token, clock, __version__)
        thread = DeliveryThread(Delivery(sources, sender, clock, SystemRandom().random))
        about = resource.attributes(options.roots, identity, __version__, options.attributes)
        parts = Parts(
            *(Collector(options.roots, clock), spool, held, clock, about, __version__, options.interval_s),
            others=lambda: [
                *probes.readings(),
                *(scraping.keep.readings() if scraping is not None else ()),
                *(shipping.readings() if shipping is not None else ()),
            ],
        )
        waiting = spool.state().records
        _log.info(
            "agent %s sends to %s every %g s, spool %s, %d batches waiting",
            *(identity, options.url, options.interval_s, options.spool_dir, waiting),
        )
        thread.start()
        if scraping is not None:
            scraping.start(thread.wake, stop)
        if shipping is not None:
            shipping.start(stop)
        Service(parts, thread.wake).run(stop.wait)
        probes.close()
        if scraping is not None:
            scraping.join()
        if shipping is not None:
            shipping.end()
        _end(thread, [spool, *([scraping.spool] if scraping is not None else [])], held)


def _end(thread: DeliveryThread, spools: list[Spool], held: Held) -> None:
    delivered = thread.stop()
    if len(held):
        _log.error("lost %d batches that were held in memory: the disk is full and the server away", len(held))
    _log.info("agent stopped; %d batches stay in the spool", sum(spool.state().records for spool in spools))
    if delivered:
        for spool in spools:
            spool.close()


def _sources(spool: Spool, held: Held, prefix: str, sender: Sender | None = None) -> list[Source]:
    """Batches held in memory have keys of this run alone: a later one knows nothing of them."""
    return [Source(spool, prefix, sender), Source(held, f"{prefix}m{secrets.token_hex(8)}-", sender)]


class _Scraping:
    """Scraping, with a spool of its own: its volume must not push out what is known of the machine itself."""

    def __init__(self, options: Options, path: Path, clock: Clock, identity: str) -> None:
        self.spool = Spool(options.spool_dir / "scrape", options.scrape_limits)
        held = Held()
        sender = Sender(options.url, options.token, clock, __version__, wire=REMOTE_WRITE)
        self.sources = _sources(self.spool, held, f"{identity}/s", sender)
        self.keep = Keep(self.spool, held, "scrape", clock.now_ms())
        self._wake: Callable[[], None] = lambda: None
        self._targets = Targets(path, clock, __version__, self._add)
        self._thread: threading.Thread | None = None

    def start(self, wake: Callable[[], None], stop: threading.Event) -> None:
        """Scrape until `stop` is set; `wake` is told of each batch."""
        self._wake = wake
        self._thread = threading.Thread(target=self._targets.follow, args=(stop.wait,), name="targets", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the last scrapes."""
        if self._thread is not None:
            self._thread.join(FLUSH_S)

    def _add(self, request: bytes, at_ms: int) -> None:
        self.keep.append(remote_write.pack(request), at_ms)
        self._wake()


def _scraping(options: Options, clock: Clock, identity: str) -> _Scraping | None:
    if options.scrape_config is None:
        return None
    try:
        return _Scraping(options, options.scrape_config, clock, identity)
    except OSError as problem:
        raise SetupError(f"cannot open spool {options.spool_dir / 'scrape'}: {problem}") from problem


def _shipping(options: Options, clock: Clock, identity: str) -> Shipping | None:
    if not options.log_files:
        return None
    host = resource.attributes(options.roots, identity, __version__, options.attributes).get("host.name", "unknown")
    sender = Sender(options.url, options.token, clock, __version__, wire=INGEST)
    try:
        return Shipping(options.log_files, options.spool_dir / "logs", host, sender, f"{identity}/l", clock)
    except OSError as problem:
        raise SetupError(f"cannot open spool {options.spool_dir / 'logs'}: {problem}") from problem


def _open(options: Options) -> tuple[str, Spool]:
    try:
        identity = agent_id(options.spool_dir, host.machine_id(options.roots))
        return identity, Spool(options.spool_dir, options.limits)
    except OSError as problem:
        raise SetupError(
            f"cannot open spool {options.spool_dir}: {problem}; try --spool-dir with another directory"
        ) from problem


def once(options: Options, clock: Clock, wait: Callable[[float], object]) -> tuple[dict[str, str], list[Reading]]:
    """Resource attributes and readings of one look, without a server or a spool. Waits one second between two looks."""
    collector = Collector(options.roots, clock)
    collector.prime()
    wait(FIRST_SPAN_S)
    return resource.attributes(options.roots, "once", __version__, options.attributes), collector.collect()


def end_with_input(descriptor: int, stop: threading.Event) -> None:
    """Set `stop` when the pipe on `descriptor` closes: whoever holds its other end is gone, however it ended."""

    def watch() -> None:
        try:
            while os.read(descriptor, 1024):
                pass
        except OSError as problem:
            _log.warning("cannot watch standard input: %s; stopping", problem)
        stop.set()

    threading.Thread(target=watch, name="input", daemon=True).start()
