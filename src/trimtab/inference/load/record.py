"""What a run gave, slice by slice of time: a request belongs to the slice in which it was meant to start."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.inference.load.histogram import Histogram
from trimtab.inference.load.outcome import Outcome

_MOST_PROBLEMS = 20  # kinds of failure that are told apart; the rest is counted as "other"


class Slice(Struct):
    """One stretch of a run. Latencies are µs from the intended start; `lag` is how late the generator itself was."""

    start_s: float
    sent: int = 0
    good: int = 0
    failed: int = 0
    tokens: int = 0
    latency: Histogram = field(default_factory=Histogram)
    first: Histogram = field(default_factory=Histogram)
    gap: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)

    @property
    def ended(self) -> int:
        """How many of those sent have their outcome."""
        return self.good + self.failed


class Record:
    """The slices of one run; `start_s` is on the monotonic clock."""

    def __init__(self, start_s: float, slice_s: float) -> None:
        self.start_s = start_s
        self.slice_s = slice_s
        self.slices: list[Slice] = []
        self.problems: Counter[str] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0
        self.finished: Counter[int] = Counter()
        """Good answers by the slice in which they came: what throughput is made of."""
        self.busy_s = 0.0
        """The sum of the times that requests were in flight: divided by the time it is the mean concurrency."""

    def begin(self, intended_s: float, sent_s: float) -> Slice:
        """A request is sent; its slice."""
        one = self.slice_at(intended_s)
        one.sent += 1
        one.lag.record(int((sent_s - intended_s) * 1e6))
        self.in_flight += 1
        if self.in_flight > self.most_in_flight:
            self.most_in_flight = self.in_flight
        return one

    def end(self, one: Slice, intended_s: float, outcome: Outcome) -> None:
        """Its outcome."""
        self.in_flight -= 1
        took_s = outcome.done_s - intended_s
        self.busy_s += took_s
        if outcome.problem:
            one.failed += 1
            known = outcome.problem in self.problems or len(self.problems) < _MOST_PROBLEMS
            self.problems[outcome.problem if known else "other"] += 1
            return
        one.good += 1
        self.finished[int((outcome.done_s - self.start_s) / self.slice_s)] += 1
        one.latency.record(int(took_s * 1e6))
        if outcome.tokens:
            one.tokens += outcome.tokens
            one.first.record(int((outcome.first_s - intended_s) * 1e6))
            for gap in outcome.gaps_us:
                one.gap.record(gap)

    def slice_at(self, at_s: float) -> Slice:
        """The slice that holds a time; made where it is new."""
        number = max(0, int((at_s - self.start_s) / self.slice_s))
        while len(self.slices) <= number:
            self.slices.append(Slice(len(self.slices) * self.slice_s))
        return self.slices[number]

    def settled(self, now_s: float, limit_s: float) -> list[Slice]:
        """The whole slices whose requests have all ended, or whose last one is `limit_s` old: then what has not

        ended has missed any objective up to `limit_s`.
        """
        past = int((now_s - self.start_s) / self.slice_s)
        found: list[Slice] = []
        for number, one in enumerate(self.slices[:past]):
            old = now_s - self.start_s - (number + 1) * self.slice_s >= limit_s
            if one.ended < one.sent and not old:
                break
            found.append(one)
        return found


def total(slices: Sequence[Slice]) -> Slice:
    """Slices as one."""
    whole = Slice(slices[0].start_s if slices else 0.0)
    for one in slices:
        whole.sent += one.sent
        whole.good += one.good
        whole.failed += one.failed
        whole.tokens += one.tokens
        whole.latency.add(one.latency)
        whole.first.add(one.first)
        whole.gap.add(one.gap)
        whole.lag.add(one.lag)
    return whole
