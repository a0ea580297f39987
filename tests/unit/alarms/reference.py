"""The rules of an alarm's evaluation once more, one at a time and slowly, as the documentation reads."""

from collections.abc import Sequence

KEEP = "keep"


def verdict(points: Sequence[bool | None], n: int, m: int, missing: str, few: Sequence[bool] | None = None) -> str:
    """`points` are the periods of the evaluation range, oldest first: True breaches, None is missing.

    `few` marks those of too few samples: the state is kept where one of them would be judged.
    """
    points = list(points)[-(n + 2) :]
    real = [point for point in points if point is not None]
    if few is not None:
        weak = [flag for flag, point in zip(list(few)[-(n + 2) :], points, strict=True) if point is not None]
        if any(weak[-n:]):
            return KEEP
    if len(real) >= n:
        return "ALARM" if sum(real[-n:]) >= m else "OK"
    if not real:
        return {"missing": "INSUFFICIENT_DATA", "ignore": KEEP, "breaching": "ALARM", "notBreaching": "OK"}[missing]
    if missing == "breaching":
        real = real + [True] * (n - len(real))
    if missing == "notBreaching":
        real = real + [False] * (n - len(real))
    if sum(real) >= m:
        return "ALARM"
    if missing in ("missing", "ignore") and all(real):
        oldest = next(at for at, point in enumerate(points) if point is not None)
        old_enough = len(points) - oldest >= m
        return "ALARM" if missing == "missing" and old_enough else KEEP
    return "OK"
