"""What one evaluation may use, over all that it reads and makes: time, series, samples, and cells that it holds."""

from msgspec import Struct

from trimtab.base.errors import QueryAborted
from trimtab.metrics.promql.problems import TooManySamples

TIMED_OUT = "query timed out in expression evaluation"
_TOO_MANY = "query processing would load too many samples into memory in query execution"


class Limits(Struct, frozen=True):
    """The most that one evaluation may use.

    `cells` are the samples, over all steps, of the vectors that it holds at one time: a cell takes 9 bytes, more while
    it is calculated. Seconds and cells are Prometheus' defaults (query.timeout, query.max-samples).
    """

    seconds: float = 120.0
    series: int = 200_000
    samples: int = 50_000_000
    cells: int = 50_000_000


class Allowance:
    """What is left of the limits. Its reads and the thread that calculates share it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._series = self._samples = 0
        self._stopped = False

    def stop(self) -> None:
        """Nobody waits for the answer any more."""
        self._stopped = True

    def go_on(self) -> None:
        """Raises QueryAborted once the evaluation was stopped: a thread can only be asked to end."""
        if self._stopped:
            raise QueryAborted(TIMED_OUT)

    def take_series(self, number: int) -> None:
        """So many more series are going to be read. Raises TooManySamples."""
        self._series += number
        if self._series > self._limits.series:
            raise TooManySamples(
                f"cannot read {self._series} series for one query; expected at most {self._limits.series}"
            )

    def take_samples(self, number: int) -> None:
        """So many more samples were read. Raises TooManySamples."""
        self._samples += number
        if self._samples > self._limits.samples:
            raise TooManySamples(_TOO_MANY)

    def afford(self, cells: int) -> None:
        """Whether so many cells may be held at one time. Raises TooManySamples, QueryAborted."""
        self.go_on()
        if cells > self._limits.cells:
            raise TooManySamples(_TOO_MANY)
