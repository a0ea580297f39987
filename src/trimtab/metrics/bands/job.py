"""The job that trains detectors: it finds out whether their metrics have history enough."""

import logging
from collections.abc import Callable

import numpy as np

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.detectors.model import Detector, Training
from trimtab.detectors.store import DetectorStore
from trimtab.metrics.bands.source import TrainedBands
from trimtab.metrics.bands.targets import queries_of
from trimtab.metrics.bands.training import Learner

logger = logging.getLogger(__name__)

_AGAIN_MS = 3_600_000
"""A detector is trained anew every hour."""
_AT_ONCE = 50
"""Detectors trained in one run of the job: two weeks of a metric take some 30 ms to read and learn."""
ENOUGH_MS = 3 * 3_600_000
"""Hours that the history must span: the first of CloudWatch's bands come after about as long."""


class DetectorTraining:
    """Trains what is pending, then what was trained longest ago."""

    def __init__(self, store: DetectorStore, bands: TrainedBands, clock: Clock, may_write: Callable[[], bool]) -> None:
        self._store = store
        self._bands = bands
        self._clock = clock
        self._may_write = may_write

    async def run(self) -> None:
        """One run. Raises QueryAborted, Unavailable."""
        if not self._may_write():
            return
        now_ms = self._clock.now_ms()
        due = [one for one in await self._store.all() if now_ms - one.trained_ms >= _AGAIN_MS]
        due.sort(key=lambda one: (one.state is not Training.PENDING, one.trained_ms))
        found = [(one, await self._train(one, now_ms)) for one in due[:_AT_ONCE]]
        if self._may_write():
            await self._store.trained(found)

    async def _train(self, detector: Detector, now_ms: int) -> Training:
        scope = Scope.of(detector.account, detector.region)
        try:
            times, values = await self._bands.history(scope, queries_of(detector.target), now_ms)
        except InvalidInput as problem:
            logger.warning("cannot train anomaly detector %s: %s", detector.id, problem)
            return Training.INSUFFICIENT
        model = Learner(detector.settings).learn(times, values)
        if model is None or int(np.ptp(times)) < ENOUGH_MS:
            return Training.INSUFFICIENT
        return Training.TRAINED
