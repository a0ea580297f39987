"""How many records a request has and how many requests run at once: grown until throughput no longer grows."""

from dataclasses import dataclass, field

_GAIN = 1.08  # less than this is noise of a few pieces
_FIRST_BATCH = 8


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
        if self._tried:
            if records_per_s < self.best * _GAIN:
                self._back()
            else:
                self.best = records_per_s
        else:
            self.best = records_per_s
        self._try()

    def _try(self) -> None:
        for name, most in (("workers", self.most_workers), ("batch", self.most_batch)):
            if name in self.settled:
                continue
            value: int = getattr(self, name)
            if value >= most:
                self.settled.add(name)
                continue
            setattr(self, name, min(most, 2 * value))
            self._tried = name
            return
        self._tried = ""

    def _back(self) -> None:
        setattr(self, self._tried, max(1, getattr(self, self._tried) // 2))
        self.settled.add(self._tried)
        self._tried = ""
