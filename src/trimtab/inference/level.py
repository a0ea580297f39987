"""One load that was held: what is concluded from its slices."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.capacity.curve import CurvePoint, Interval
from trimtab.inference.load import confidence
from trimtab.inference.load.histogram import Histogram
from trimtab.inference.load.record import Record, Slice, total
from trimtab.inference.objective import Objective
from trimtab.inference.standing import Looks, Standing


class Level(Struct, frozen=True):
    """A load held at a rate, warm-up left out: how it stands, and its point of the curve."""

    standing: Standing
    point: CurvePoint
    problems: Mapping[str, int] = field(default_factory=dict)
    lag_p99_ms: float = 0.0
    slices: tuple[Slice, ...] = ()

    @property
    def rate(self) -> float:
        """The rate that was meant, requests per second."""
        return self.standing.rate


def level_of(
    record: Record, rate: float, objective: Objective, now_s: float, busy: Mapping[str, float], fill: int = 0
) -> Level:
    """A finished level; its first `fill` slices filled the queue and do not count."""
    looks = Looks(objective, record.slice_s, 0.0, fill)
    looks.read(record, now_s)
    settled = record.slices[: len(looks.sizes)] or record.slices
    cut = max(fill, confidence.cut_of(looks.means))
    cut = cut if cut < len(settled) else 0
    kept = settled[cut:]
    everything = total(kept)
    seconds = max(len(kept) * record.slice_s, 1e-9)
    finished = sum(record.finished[number] for number in range(cut, cut + len(kept)))
    latency = percentiles(kept)
    standing = looks.standing(rate)
    point = CurvePoint(
        offered=everything.sent / seconds,
        throughput=finished / seconds,
        concurrency=latency["mean"].value / 1000 * finished / seconds if "mean" in latency else 0.0,
        latency_ms=latency,
        attainment=standing.attainment,
        errors=everything.failed / max(1, everything.ended),
        requests=everything.sent,
        seconds=seconds,
        utilisation=dict(busy),
    )
    lag = (everything.lag.quantile(0.99) or 0.0) / 1000
    return Level(standing, point, dict(record.problems), lag, tuple(kept))


def level_between(record: Record, start: int, end: int, objective: Objective, busy: Mapping[str, float]) -> Level:
    """The slices `[start, end)` of a run as a level of their own, for loads that change while they run."""
    part = Record(record.start_s + start * record.slice_s, record.slice_s)
    part.slices = record.slices[start:end]
    for number in range(start, end):
        part.finished[number - start] = record.finished[number]
    done_s = record.start_s + (end + 1) * record.slice_s + objective.latency_ms / 1000
    return level_of(part, 0.0, objective, done_s, busy)


def percentiles(slices: Sequence[Slice]) -> dict[str, Interval]:
    """The mean and p50, p90, p95, p99 of latency, and of first tokens and gaps where there are any, in ms."""
    found: dict[str, Interval] = {}
    mean = confidence.mean_latency(slices)
    if mean is not None:
        found["mean"] = mean
    for prefix, of in (("", _latency), ("ttft_", _first), ("itl_", _gap)):
        for name, level in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
            value = confidence.percentile(slices, level, of)
            if value is not None:
                found[prefix + name] = value
    return found


def _latency(one: Slice) -> Histogram:
    return one.latency


def _first(one: Slice) -> Histogram:
    return one.first


def _gap(one: Slice) -> Histogram:
    return one.gap
