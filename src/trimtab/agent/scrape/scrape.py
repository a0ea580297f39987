"""One scrape of one target: its page becomes remote-write series, with what Prometheus says of the scrape itself."""

import logging
from collections.abc import Callable

from trimtab.agent.scrape import exposition, remote_write
from trimtab.agent.scrape.config import Target
from trimtab.agent.scrape.exposition import Pairs
from trimtab.agent.scrape.fetch import Fetched, ScrapeFailed
from trimtab.agent.scrape.remote_write import STALE, Metadata
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput

_log = logging.getLogger(__name__)
METADATA_EVERY_S = 600.0
"""Metadata goes with the first scrape, and again in case that the server was restarted and a new series came since."""
REQUEST_BYTES = 4 << 20
"""Of one request; a server takes 64 MiB, but a smaller one is decoded without holding others up."""

Add = Callable[[bytes, int], None]
"""Keeps a request (not yet compressed) that was made at a time in ms."""


class Scraper:
    """Scrapes one target, remembering its series from scrape to scrape."""

    def __init__(self, target: Target, fetch: Callable[[], Fetched], clock: Clock, add: Add) -> None:
        self._target = target
        self._fetch = fetch
        self._clock = clock
        self._add = add
        self._known: dict[str, bytes] = {}
        self._reported: tuple[bytes, ...] = tuple(
            remote_write.label_block((("__name__", name), *target.labels))
            for name in ("up", "scrape_duration_seconds", "scrape_samples_scraped")
        )
        self._metadata_s: float | None = None
        self._failing = ""

    def scrape(self) -> bool:
        """Scrape now and keep what came of it; whether the target was up. A series that is gone ends with a marker."""
        started_ms, started_s = self._clock.now_ms(), self._clock.monotonic()
        try:
            fetched = self._fetch()
            page = exposition.read(fetched.text, fetched.openmetrics, self._known, self._remember)
        except (ScrapeFailed, InvalidInput) as problem:
            self._tell(str(problem))
            page = exposition.Page[bytes]()
            up = False
        else:
            self._tell("")
            up = True
        parts = [self._part(block, value, started_ms, time_ms) for block, value, time_ms in page.samples]
        parts += [
            remote_write.series(block, remote_write.sample(STALE, started_ms))
            for text, block in self._known.items()
            if text not in page.seen
        ]
        self._known = page.seen
        facts = (float(up), self._clock.monotonic() - started_s, float(len(page.samples)))
        parts += [self._part(block, fact, started_ms, None) for block, fact in zip(self._reported, facts, strict=True)]
        self._keep(parts, self._due(page.families) if up else {}, started_ms)
        return up

    def end(self) -> None:
        """The target is gone from the file: end its series."""
        now_ms = self._clock.now_ms()
        blocks = (*self._known.values(), *self._reported)
        self._known = {}
        self._keep([remote_write.series(one, remote_write.sample(STALE, now_ms)) for one in blocks], {}, now_ms)

    def _part(self, block: bytes, value: float, scraped_ms: int, own_ms: int | None) -> bytes:
        time_ms = own_ms if own_ms is not None and self._target.honor_timestamps else scraped_ms
        return remote_write.series(block, remote_write.sample(value, time_ms))

    def _keep(self, parts: list[bytes], known: dict[str, Metadata], at_ms: int) -> None:
        remote_write.requests(parts, known, REQUEST_BYTES, lambda request: self._add(request, at_ms))

    def _remember(self, name: str, labels: Pairs) -> bytes:
        """The label block of a series. Of a label that page and file both set, the file's wins unless told so."""
        own = dict(self._target.labels)
        merged = {**own, "__name__": name}
        for key, value in labels:
            if key in own and not self._target.honor_labels:
                key = _free(f"exported_{key}", own)
            merged[key] = value
        return remote_write.label_block(merged.items())

    def _due(self, families: dict[str, Metadata]) -> dict[str, Metadata]:
        now_s = self._clock.monotonic()
        if self._metadata_s is not None and now_s - self._metadata_s < METADATA_EVERY_S:
            return {}
        self._metadata_s = now_s
        return families

    def _tell(self, problem: str) -> None:
        if problem and problem != self._failing:
            _log.warning("cannot scrape %s: %s", self._target.url, problem)
        elif not problem and self._failing:
            _log.info("scraping %s again", self._target.url)
        self._failing = problem


def _free(name: str, taken: dict[str, str]) -> str:
    while name in taken:
        name = f"exported_{name}"
    return name
