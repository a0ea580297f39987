"""When to try again: exponential delays with jitter, for one message and for a receiver that answers nobody."""

from trimtab.base.ids import hash64

FIRST_S = 2.0
"""Delay after the first failure: a restart of a receiver takes seconds."""
LONGEST_S = 120.0
"""No delay is longer, so that a receiver that returns after hours hears of it within two minutes."""
RETRY_AFTER_LIMIT_S = 3600.0
"""A receiver may ask for a pause of at most this: a wrong Retry-After must not silence a channel for days."""
OPEN_AFTER = 3
"""Failures in a row, whatever the messages, after which a receiver is away: only one message asks for all then."""


def delay_s(key: str, failures: int, retry_after_s: float = 0.0) -> float:
    """Seconds to wait after failure number `failures` (from 1) of `key`; never less than the receiver asks for.

    The jitter takes away up to half. It is drawn from the key and the number, so that a test can foresee it and many
    servers that failed together still come back apart.
    """
    whole = min(LONGEST_S, FIRST_S * 2.0 ** min(failures - 1, 16))
    share = hash64(f"{key}/{failures}") / 2**64
    return max(whole * (0.5 + share / 2), min(retry_after_s, RETRY_AFTER_LIMIT_S))
