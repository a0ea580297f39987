"""Where pieces are transformed: threads for a model behind a URL, processes for one in Python, or a cluster.

A cluster's workers (`on_ray.py`) share the file system with the job: they read the input and keep pieces themselves.
"""

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Protocol

from trimtab.base.parent import end_with
from trimtab.batch.model import Done, Piece, Spec
from trimtab.batch.transform import transform

MOST_THREADS = 64


def workers_of(spec: Spec) -> int:
    """How many pieces this machine runs at once at most: as asked, else a process for each core, or many threads."""
    return spec.workers or (MOST_THREADS if spec.is_url else os.cpu_count() or 1)


class Backend(Protocol):
    """Spreads pieces over workers. `lost` is what a piece's future raises when its worker is gone.

    `lost_together`: whether the loss of one worker loses every piece that is under way.
    """

    lost: tuple[type[BaseException], ...]
    lost_together: bool

    @property
    def workers(self) -> int:
        """How many pieces it runs at once at most; it may grow and shrink."""
        ...

    def submit(self, piece: Piece, batch_records: int) -> Future[Done]:
        """Begin a piece."""
        ...

    def renew(self) -> None:
        """Start again after workers were lost."""
        ...

    def close(self) -> None:
        """End every worker."""
        ...


class Threads:
    """Threads of this process: a model behind a URL keeps none of them busy."""

    lost: tuple[type[BaseException], ...] = ()
    lost_together = False

    def __init__(self, spec: Spec, parts: Path) -> None:
        self._spec, self._parts = spec, parts
        self._pool = ThreadPoolExecutor(workers_of(spec), thread_name_prefix="batch")

    @property
    def workers(self) -> int:
        """As many as the job may have."""
        return workers_of(self._spec)

    def submit(self, piece: Piece, batch_records: int) -> Future[Done]:
        """Begin a piece."""
        return self._pool.submit(transform, self._spec, piece, self._parts, batch_records)

    def renew(self) -> None:
        """Threads are not lost."""

    def close(self) -> None:
        """Wait for what runs; what waits does not begin."""
        self._pool.shutdown(cancel_futures=True)


class Processes:
    """Processes of this machine, spawned; they end with this one, however it ends."""

    lost: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    lost_together = True

    def __init__(self, spec: Spec, parts: Path) -> None:
        self._spec, self._parts = spec, parts
        self._pool = self._made()

    @property
    def workers(self) -> int:
        """As many as the job may have."""
        return workers_of(self._spec)

    def submit(self, piece: Piece, batch_records: int) -> Future[Done]:
        """Begin a piece."""
        try:
            return self._pool.submit(transform, self._spec, piece, self._parts, batch_records)
        except BrokenProcessPool as problem:  # a worker ended since the job looked: this piece is lost with the others
            lost: Future[Done] = Future()
            lost.set_exception(problem)
            return lost

    def renew(self) -> None:
        """Start the workers again."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._made()

    def close(self) -> None:
        """End every worker."""
        self._pool.shutdown(cancel_futures=True)

    def _made(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(workers_of(self._spec), spawn, end_with, (os.getpid(),))


def local(spec: Spec, parts: Path) -> Backend:
    """The backend of this machine."""
    return Threads(spec, parts) if spec.is_url else Processes(spec, parts)
