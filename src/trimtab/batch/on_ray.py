"""The backend of a Ray cluster: pieces are tasks on its machines, which share the file system with this one.

Ray is an optional extra (`pip install "trimtab[ray]"`), on every machine of the cluster. A piece is one CPU by default.
Nothing but figures travels through Ray: tasks read their part of the input and keep its output themselves, so that a
machine that dies costs the pieces that it was at, and these are begun again elsewhere.
"""

import contextlib
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import ray
from msgspec import Struct
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.batch.model import Done, Piece, Spec
from trimtab.batch.transform import transform

_LOST = (WorkerCrashedError, NodeDiedError, LocalRayletDiedError, ObjectLostError, OutOfMemoryError)
"""A worker or its machine is gone."""


class Cluster(Struct, frozen=True):
    """Which cluster: an address (`auto`, `host:6379`, `ray://host:10001`), and what a piece takes of it."""

    address: str = "auto"
    cpus: float = 1.0
    gpus: float = 0.0

    def __call__(self, spec: Spec, parts: Path) -> "OnRay":
        """The backend of a job."""
        return OnRay(spec, parts, self)


class OnRay:
    """Pieces as tasks. Raises Unavailable where there is no cluster."""

    lost: tuple[type[BaseException], ...] = _LOST
    lost_together = False

    def __init__(self, spec: Spec, parts: Path, cluster: Cluster) -> None:
        self._most, self._cluster = spec.workers, cluster
        self._began = not ray.is_initialized()
        if self._began:
            try:
                ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, RayError, RuntimeError, ValueError) as problem:
                raise Unavailable(f"cannot reach Ray at {cluster.address}: {problem}") from problem
        options: dict[str, Any] = {"num_cpus": cluster.cpus, "num_gpus": cluster.gpus, "max_retries": 0}
        self._task = ray.remote(**options)(_transform)
        self._given = spec, str(parts.resolve())

    @property
    def workers(self) -> int:
        """As many pieces as the cluster's machines hold now; one at least, so that the job waits for machines."""
        held = ray.cluster_resources()
        fits = [held.get(name, 0.0) / each for name, each in self._takes() if each > 0]
        return max(1, min(self._most or 1 << 30, int(min(fits, default=1.0))))

    def submit(self, piece: Piece, batch_records: int) -> "Future[Done]":
        """Begin a piece."""
        spec, parts = self._given
        future: Future[Done] = self._task.remote(spec, piece, parts, batch_records).future()
        return _own_errors(future)

    def renew(self) -> None:
        """The cluster replaces its workers itself."""

    def close(self) -> None:
        """Leave the cluster; what it still runs for this job ends."""
        if self._began:
            with contextlib.suppress(RayError):
                ray.shutdown()

    def _takes(self) -> tuple[tuple[str, float], ...]:
        return ("CPU", self._cluster.cpus), ("GPU", self._cluster.gpus)


def _transform(spec: Spec, piece: Piece, parts: str, batch_records: int) -> Done:
    if not Path(parts).is_dir():
        raise InvalidInput(f"cannot keep pieces in {parts}: this machine of the cluster has no such folder; share it")
    return transform(spec, piece, Path(parts), batch_records)


def _own_errors(future: "Future[Done]") -> "Future[Done]":
    """The same future, but an error of the task is the error that the task raised, not Ray's wrapping of it."""
    mine: Future[Done] = Future()

    def settle(done: "Future[Done]") -> None:
        problem = done.exception()
        if problem is None:
            mine.set_result(done.result())
        else:
            cause = problem.cause if isinstance(problem, RayTaskError) else problem
            mine.set_exception(cause if isinstance(cause, BaseException) else problem)

    future.add_done_callback(settle)
    return mine
