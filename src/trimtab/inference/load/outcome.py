"""What came of one request."""

from collections.abc import Callable

from msgspec import Struct


class Outcome(Struct):
    """Times are of the monotonic clock, in seconds. `problem` is empty for a good answer, else a short kind.

    `first_s` is when the first byte of the answer (streams: the first token) came. `tokens` and `gaps_us` (the times
    between tokens) are of streams only.
    """

    done_s: float
    problem: str = ""
    first_s: float = 0.0
    tokens: int = 0
    gaps_us: tuple[int, ...] = ()
    bytes: int = 0


Done = Callable[[Outcome], None]
"""Called once for every request that was sent, when it has ended in whatever way."""
