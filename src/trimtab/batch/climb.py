"""How many records a request has and how many requests run at once: grown until throughput no longer grows."""

from msgspec import Struct, field

_GAIN = 1.08  # less than this is noise of a few pieces
_FIRST_BATCH = 8
_PATIENCE = 2  # doublings that may bring nothing before the best is kept: one measurement in a noisy second misleads


class Climb(Struct):
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


_SIZES = (1, 8, 32, 128, 512, 2048, 8192)
_ROUNDS = 4
_TURN_RECORDS, _TURN_S = 512, 0.02  # a size has its turn for so many records, or so long
_HOPELESS = 1.5  # a size that takes so many times the best's time has no second turn
_LONGEST_S = 1.0  # a batch that would take longer is not tried: a piece is given back after a few seconds
_AS_GOOD = 1.02  # of sizes that are about as fast the smallest is taken: it needs least memory and stops soonest


class Tuner(Struct):
    """How many records a function is given at once, found by the worker that calls it.

    Sizes are tried in turn, a few rounds, then the best beside its half and its double. Each is judged by its fastest
    turn: whatever else runs on the machine makes some slower and none faster, and turns make it meet all sizes alike.
    Time that the worker waited for a core is left out by the caller: a long batch is interrupted on a busy machine,
    and a short one is not.
    """

    fixed: int = 0
    fastest: dict[int, float] = field(default_factory=dict)
    _sizes: tuple[int, ...] = _SIZES
    _turn: int = 0
    _records: int = 0
    _seconds: float = 0.0

    @property
    def done(self) -> bool:
        """Whether it is found."""
        return self.fixed > 0

    @property
    def batch(self) -> int:
        """The size to use, or to try, next."""
        return self.fixed or self._sizes[self._turn % len(self._sizes)]

    def measured(self, records: int, seconds: float) -> None:
        """What a batch took. One that is far from full says nothing: a piece may have fewer lines than that."""
        if self.done:
            return
        if 4 * records >= 3 * self.batch:
            self._records += records
            self._seconds += max(seconds, 1e-9)
            if self._records < _TURN_RECORDS and self._seconds < _TURN_S:
                return
            each = self._seconds / self._records
            self.fastest[self.batch] = min(each, self.fastest.get(self.batch, each))
        self._next()
        if self._turn >= _ROUNDS * len(self._sizes) or (self._turn >= len(self._sizes) and len(self.fastest) < 2):
            self._settle()

    def _next(self) -> None:
        """The next turn, of a size that is worth one."""
        self._records, self._seconds = 0, 0.0
        best = min(self.fastest.values(), default=0.0)
        for _ in self._sizes:
            self._turn += 1
            if self.batch * best <= _LONGEST_S and self.fastest.get(self.batch, best) <= _HOPELESS * best:
                return

    def _settle(self) -> None:
        """Take the best; the first time, look around it."""
        best = min(self.fastest.values(), default=0.0)
        size = min((size for size, each in self.fastest.items() if each <= best * _AS_GOOD), default=1)
        around = tuple(one for one in (size // 2, size, 2 * size) if 1 <= one <= _SIZES[-1])
        if self._sizes != _SIZES or len(self.fastest) < 2:
            self.fixed = size
        else:
            self._sizes, self._turn, self.fastest = around, 0, {}
