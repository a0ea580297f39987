"""What is asked of an endpoint: a share of requests answered well within a latency."""

from msgspec import Struct

from trimtab.base.errors import InvalidInput


class Objective(Struct, frozen=True):
    """`share` (0 to 1) of the requests are answered well within `latency_ms` of their intended start.

    `of` is what is timed: "answer" (to the last byte) or "first" (to the first token of a stream).
    """

    latency_ms: float
    share: float = 0.99
    of: str = "answer"

    def __post_init__(self) -> None:
        if not self.latency_ms > 0 or not 0.5 <= self.share < 1:
            raise InvalidInput(
                f"cannot test against {self.share:.4g} within {self.latency_ms:.4g} ms: "
                "expected a latency above 0 and a share of 0.5 or more, below 1"
            )
        if self.of not in ("answer", "first"):
            raise InvalidInput(f"cannot time {self.of!r}: expected answer or first")
