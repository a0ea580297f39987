"""Native histograms as text: as `count_values` shows them, and as scripts of tests write them."""

from trimtab.metrics.promql.histograms.model import CUSTOM, Buckets, Hint, Histogram
from trimtab.metrics.promql.histograms.quantiles import buckets_of
from trimtab.metrics.promql.language.literals import general


def shown(histogram: Histogram) -> str:
    """`{count:10, sum:5, (1,2]:10}`."""
    found = buckets_of(histogram)
    parts = [f"count:{general(histogram.count)}", f"sum:{general(histogram.sum)}"]
    rows = zip(found.low.tolist(), found.high.tolist(), found.count.tolist(), strict=True)
    for low, high, count in rows:
        if count:
            zero = not histogram.is_custom and low <= 0 <= high
            left = "[" if high <= 0 or zero else "("
            right = "]" if high > 0 or zero else ")"
            parts.append(f"{left}{general(low)},{general(high)}{right}:{general(count)}")
    return "{" + ", ".join(parts) + "}"


def scripted(histogram: Histogram) -> str:
    """`{{schema:1 count:10 sum:5 buckets:[1 2]}}`."""
    parts = []
    numbers = (
        ("schema", float(histogram.schema)),
        ("count", histogram.count),
        ("sum", histogram.sum),
        ("z_bucket", histogram.zero_count),
        ("z_bucket_w", histogram.zero_threshold),
    )
    parts += [f"{name}:{general(value)}" for name, value in numbers if value]
    if histogram.schema == CUSTOM:
        parts.append(f"custom_values:[{' '.join(general(value) for value in histogram.custom)}]")
    if histogram.hint is not Hint.UNKNOWN:
        parts.append(f"counter_reset_hint:{histogram.hint}")
    parts += _run(histogram.positive, "offset", "buckets") + _run(histogram.negative, "n_offset", "n_buckets")
    return "{{" + " ".join(parts) + "}}"


def _run(buckets: Buckets, offset: str, name: str) -> list[str]:
    some = buckets.compact()
    if not len(some.index):
        return []
    first, last = int(some.index[0]), int(some.index[-1])
    dense = [0.0] * (last - first + 1)
    for index, count in zip(some.index.tolist(), some.count.tolist(), strict=True):
        dense[index - first] = count
    run = f"{name}:[{' '.join(general(count) for count in dense)}]"
    return [f"{offset}:{first}", run] if first else [run]
