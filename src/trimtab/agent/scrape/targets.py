"""Runs a thread for each target of the file, and follows the file: what it adds starts, what it drops ends."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from trimtab.agent.scrape.config import Loaded, Target, load
from trimtab.agent.scrape.fetch import Fetcher
from trimtab.agent.scrape.scrape import Add, Scraper
from trimtab.base.clock import Clock
from trimtab.base.errors import SetupError
from trimtab.base.ids import hash64

_log = logging.getLogger(__name__)
LOOK_S = 5.0
"""Seconds between two looks at the files' times of change."""
_STOP_S = 2.0


class Loop:
    """Scrapes one target at a steady beat, at a point of the interval that the target's own name decides."""

    def __init__(self, target: Target, scraper: Scraper, close: Callable[[], None], clock: Clock) -> None:
        self._target = target
        self._scraper = scraper
        self._close = close
        self._clock = clock
        self._stop = threading.Event()
        self._gone = False
        self._thread = threading.Thread(target=self._run, name=f"scrape {target.address}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, gone: bool) -> None:
        """End; `gone`: the target is no more, so that its series end too."""
        self._gone = gone
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait until it has ended."""
        self._thread.join(seconds)

    def _run(self) -> None:
        interval = self._target.interval_s
        spread = hash64(self._target.url) / 2**64 * interval
        due = self._clock.monotonic() + (spread - self._clock.now_ms() / 1000) % interval
        while not self._stop.wait(max(0.0, due - self._clock.monotonic())):
            self._scraper.scrape()
            due += interval * max(1, -(-(self._clock.monotonic() - due) // interval))
        if self._gone:
            self._scraper.end()
        self._close()


class Targets:
    """The loops of a file's targets. `add` keeps a request; it is called from every loop's thread."""

    def __init__(self, path: Path, clock: Clock, version: str, add: Add) -> None:
        """Read the file. Raises SetupError."""
        self._path = path
        self._clock = clock
        self._version = version
        self._add = add
        self._loops: dict[Target, Loop] = {}
        self._loaded = load(path)
        self._changed = _changes(self._loaded)

    def follow(self, wait: Callable[[float], bool]) -> None:
        """Scrape until `wait` says to stop."""
        self._apply()
        while not wait(LOOK_S):
            self.look()
        for loop in self._loops.values():
            loop.stop(gone=False)
        for loop in self._loops.values():
            loop.join(_STOP_S)

    def look(self) -> None:
        """Read the files again if any changed. One that is wrong changes nothing, and is told."""
        changed = _changes(self._loaded)
        if changed == self._changed:
            return
        self._changed = changed
        try:
            self._loaded = load(self._path)
        except SetupError as problem:
            _log.error("%s; scraping as before", problem)
            return
        self._changed = _changes(self._loaded)
        self._apply()

    @property
    def running(self) -> tuple[Target, ...]:
        """The targets that are scraped."""
        return tuple(self._loops)

    def _apply(self) -> None:
        wanted = dict.fromkeys(self._loaded.targets)
        for target in [one for one in self._loops if one not in wanted]:
            self._loops.pop(target).stop(gone=True)
        for target in wanted:
            if target not in self._loops:
                fetcher = Fetcher(target, self._version)
                scraper = Scraper(target, fetcher.fetch, self._clock, self._add)
                self._loops[target] = Loop(target, scraper, fetcher.close, self._clock)
                self._loops[target].start()
        _log.info("scraping %d targets of %s", len(self._loops), self._path)


def _changes(loaded: Loaded) -> tuple[tuple[str, int, int], ...]:
    """Time of change and size of each file; 0 for one that is not there."""
    found = []
    for path in loaded.files:
        try:
            state = path.stat()
            found.append((str(path), state.st_mtime_ns, state.st_size))
        except OSError:
            found.append((str(path), 0, 0))
    return tuple(found)
