"""Puts the agent together and runs it until a signal, or until the process that started it is gone."""

import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom

from trimtab import __version__
from trimtab.agent import resource
from trimtab.agent.collect import host
from trimtab.agent.collect.roots import Roots
from trimtab.agent.collector import Collector
from trimtab.agent.delivery import Delivery, Source
from trimtab.agent.held import Held
from trimtab.agent.identity import agent_id
from trimtab.agent.lock import exclusive
from trimtab.agent.reading import Reading
from trimtab.agent.sender import Sender, parse_url
from trimtab.agent.service import FIRST_SPAN_S, DeliveryThread, Parts, Service
from trimtab.agent.spool import Spool, SpoolLimits
from trimtab.base.clock import Clock
from trimtab.base.errors import SetupError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: where to send, how often (seconds), where to spool, and what else to say of this machine.

    `with_parent`: standard input is a pipe from the process that started this one; when it closes, end.
    """

    url: str
    token: str
    interval_s: float
    spool_dir: Path
    roots: Roots = field(default_factory=Roots)
    attributes: Mapping[str, str] = field(default_factory=dict)
    limits: SpoolLimits = field(default_factory=SpoolLimits)
    with_parent: bool = False


def run(options: Options, clock: Clock) -> None:
    """Collect and deliver until SIGTERM or SIGINT. Raises SetupError where it cannot start; else ends normally."""
    parse_url(options.url)
    with exclusive(options.spool_dir):
        identity, spool = _open(options)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if options.with_parent:
            end_with_input(sys.stdin.fileno(), stop)
        held = Held()
        sources = [Source(spool, f"{identity}/"), Source(held, f"{identity}/m{secrets.token_hex(8)}-")]
        sender = Sender(options.url, options.token, clock, __version__)
        thread = DeliveryThread(Delivery(sources, sender, clock, SystemRandom().random))
        about = resource.attributes(options.roots, identity, __version__, options.attributes)
        parts = Parts(Collector(options.roots, clock), spool, held, clock, about, __version__, options.interval_s)
        waiting = spool.state().records
        _log.info(
            "agent %s sends to %s every %g s, spool %s, %d batches waiting",
            *(identity, options.url, options.interval_s, options.spool_dir, waiting),
        )
        thread.start()
        Service(parts, thread.wake).run(stop.wait)
        delivered = thread.stop()
        if len(held):
            _log.error("lost %d batches that were held in memory: the disk is full and the server away", len(held))
        _log.info("agent stopped; %d batches stay in the spool", spool.state().records)
        if delivered:
            spool.close()


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
