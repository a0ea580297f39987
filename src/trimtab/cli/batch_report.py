"""What a running batch job says: to the terminal each percent, to a server every few seconds, to a file."""

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct, field

from trimtab.base.errors import TrimtabError
from trimtab.base.whole_file import write_whole
from trimtab.batch.model import Progress
from trimtab.batch.report import About, report
from trimtab.cli.output import remark
from trimtab.client.api import Client
from trimtab.client.batch import BatchJobs

_EVERY_S = 5.0


class OnTerminal(Struct):
    """Says how far a job is, once for each percent."""

    _last: int = -1

    def __call__(self, now: Progress) -> None:
        """Say it where it is news."""
        percent = int(100 * now.bytes_done / now.bytes_total) if now.bytes_total else 100
        if percent == self._last or now.status != "InProgress":
            return
        self._last = percent
        eta = "" if now.eta_s is None else f", {now.eta_s:,.0f} s left"
        cost = "" if now.cost is None else f", {now.cost} {now.currency} so far"
        remark(
            f"{percent:3d} %: {now.records:,} records, {now.records_per_s:,.0f}/s, {now.errors} failed, "
            f"{now.workers} × {now.batch_records}{eta}{cost}"
        )


class ToFile(Struct):
    """Writes progress to a file that is always whole, when it changed."""

    path: Path
    _last: Progress | None = None

    def __call__(self, now: Progress) -> None:
        """Write it."""
        if self._last is None or now.status != "InProgress" or now.seconds - self._last.seconds >= 1.0:
            self._last = now
            write_whole(self.path, msgspec.json.encode(now))


class ToServer(Struct):
    """Reports to a server from a thread of its own: a server that is away costs the job nothing, and is named once.

    `close` reports the last of it and waits for that.
    """

    client: Callable[[], Client]
    about: About
    every_s: float = _EVERY_S
    _now: Progress | None = None
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _warned: bool = False

    def __call__(self, now: Progress) -> None:
        """Report it soon."""
        self._now = now
        if self._thread is None:
            self._thread = threading.Thread(target=self._report, daemon=True, name="report progress")
            self._thread.start()

    def close(self) -> None:
        """Report how it ended."""
        if self._thread is not None:
            self._end.set()
            self._thread.join()

    def _report(self) -> None:
        ended = False
        while not ended:
            ended = self._end.is_set()  # looked at before progress: the last report has the last of it
            now = self._now
            if now is not None:
                self._send(now)
            if not ended:
                self._end.wait(self.every_s)

    def _send(self, now: Progress) -> None:
        try:
            with self.client() as client:
                BatchJobs(client).report(report(self.about, now))
        except TrimtabError as problem:
            if not self._warned:
                self._warned = True
                remark(f"cannot report progress ({problem}); the job goes on")
