"""Ways to say which waits of the past are like the one that is expected: each a weight for each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.capacity.waits.model import Asked, Wait
from trimtab.capacity.waits.survival import Numbers

_OTHER = 0.3
"""The weight of a wait of another type, queue or owner: three of them count as one of the same."""
_DAY_S = 86_400.0


@dataclass(frozen=True)
class Past:
    """Waits as columns, so that all are weighed at once."""

    submits: Numbers
    gpus: Numbers
    ahead: Numbers
    types: np.ndarray
    queues: np.ndarray
    owners: np.ndarray

    @classmethod
    def of(cls, waits: Sequence[Wait]) -> "Past":
        """The columns of some waits."""
        asked = [one.asked for one in waits]
        return cls(
            np.array([one.submit_s for one in asked]),
            np.array([one.gpus for one in asked]),
            np.array([float(one.ahead) for one in asked]),
            np.array([one.gpu_type for one in asked]),
            np.array([one.queue for one in asked]),
            np.array([one.owner for one in asked]),
        )


def latest(past: Past, asked: Asked) -> Numbers:
    """The last 200 waits, alike or not."""
    weights = np.zeros(len(past.submits))
    weights[-200:] = 1.0
    return weights


def similar(past: Past, asked: Asked) -> Numbers:
    """Waits of about as many GPUs, of the same type, queue and owner."""
    weights = np.exp(-np.abs(np.log2((past.gpus + 0.5) / (asked.gpus + 0.5))))
    for column, own in ((past.types, asked.gpu_type), (past.queues, asked.queue), (past.owners, asked.owner)):
        weights = weights * np.where(column == own, 1.0, _OTHER)
    return np.asarray(weights, dtype=np.float64)


def as_busy(past: Past, asked: Asked) -> Numbers:
    """Waits of jobs of about as many GPUs, that came when about as many were waiting."""
    sizes = np.abs(np.log2((past.gpus + 0.5) / (asked.gpus + 0.5)))
    return np.asarray(np.exp(-sizes - np.abs(np.log2((past.ahead + 1) / (asked.ahead + 1)))), dtype=np.float64)


def at_the_hour(past: Past, asked: Asked) -> Numbers:
    """Waits of jobs that came at about the same time of the day (within three hours, mostly)."""
    apart = np.abs((past.submits - asked.submit_s + _DAY_S / 2) % _DAY_S - _DAY_S / 2) / 3600
    return np.asarray(np.exp(-((apart / 3) ** 2) / 2), dtype=np.float64)


def newest(past: Past, asked: Asked) -> Numbers:
    """Waits of about the same size, each day counting half of the next."""
    sizes = np.abs(np.log2((past.gpus + 0.5) / (asked.gpus + 0.5)))
    return np.asarray(0.5 ** ((asked.submit_s - past.submits) / _DAY_S) * np.exp(-sizes / 2), dtype=np.float64)


WAYS: Mapping[str, Callable[[Past, Asked], Numbers]] = {
    "latest": latest,
    "similar": similar,
    "as busy": as_busy,
    "at the hour": at_the_hour,
    "newest": newest,
}
