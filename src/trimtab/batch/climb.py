"""How many records a request has and how many requests run at once: grown until throughput no longer grows."""

from dataclasses import dataclass, field

_GAIN = 1.08  # less than this is noise of a few pieces
_FIRST_BATCH = 8
_PATIENCE = 2  # doublings that may bring nothing before the best is kept: one measurement in a noisy second misleads


@dataclass(slots=True)
class Climb:
    """Doubles one of the two, keeps it where it pays, goes back where it does not; each is settled once."""

    most_workers: int
    fixed_batch: int = 0
    most_batch: int = 8192
    workers: int = 1
    batch: int = _FIRST_BATCH
    best: float = 0.0
    settled: set[str] = field(default_factory=set)
    _tried: str = ""
    _kept: int = 0
    _vain: int = 0

    def __post_init__(self) -> None:
        if self.fixed_batch:
            self.batch = self.fixed_batch
            self.settled.add("batch")
        if self.most_workers <= self.workers:
            self.settled.add("workers")

    @property
    def done(self) -> bool:
        """Whether both are settled."""
        return {"batch", "workers"} <= self.settled

    def measured(self, records_per_s: float) -> None:
        """What the present choice gave; it makes the next one."""
        if self.done:
            return
        if not self._tried:
            self.best = records_per_s
        elif records_per_s >= self.best * _GAIN:
            self.best, self._kept, self._vain = records_per_s, getattr(self, self._tried), 0
        else:
            self._vain += 1
            if self._vain >= _PATIENCE:
                self._settle()
        self._try()

    def _try(self) -> None:
        for name, most in (("workers", self.most_workers), ("batch", self.most_batch)):
            if name in self.settled:
                continue
            value: int = getattr(self, name)
            if value >= most:
                self._tried = name
                self._kept = self._kept or value
                self._settle()
                continue
            if self._tried != name:
                self._tried, self._kept, self._vain = name, value, 0
            setattr(self, name, min(most, 2 * value))
            return
        self._tried = ""

    def _settle(self) -> None:
        """Go back to what was best."""
        setattr(self, self._tried, self._kept)
        self.settled.add(self._tried)
        self._tried, self._kept, self._vain = "", 0, 0
