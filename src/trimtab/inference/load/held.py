"""One load that is held: at a rate, by users, or at the times of a trace; and its part for one of several."""

from collections.abc import Iterator

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.inference.load import arrivals


class Held(Struct, frozen=True):
    """`rate` with its kind of arrivals, or `users` in a closed loop, or the times of a trace, from its `origin` on."""

    seconds: float
    rate: float = 0.0
    kind: str = "poisson"
    users: int = 0
    think_s: float = 0.0
    trace: tuple[float, ...] = ()
    origin: float | None = None
    speed: float = 1.0
    requests: int = 0
    seed: int = 1

    def arrivals(self) -> Iterator[float]:
        """When requests start in an open loop."""
        if self.trace:
            return arrivals.replay(self.trace, self.speed, self.origin)
        if self.kind == "constant":
            return arrivals.constant(self.rate)
        if self.kind == "burst":
            return arrivals.burst(self.rate, seed=self.seed)
        return arrivals.poisson(self.rate, self.seed)

    @property
    def meant(self) -> float:
        """The rate that is meant; 0 for closed loops."""
        if self.trace:
            span = (max(self.trace) - min(self.trace)) / self.speed
            return len(self.trace) / span if span else 0.0
        return 0.0 if self.users else self.rate

    def part(self, number: int, of: int) -> "Held":
        """The part of one of several generators: together they send what one would.

        Independent Poisson streams add up to one; users and the requests of a trace are dealt out in turn, and every
        part of a trace begins when the whole does. A generator that gets no user sends nothing.
        """
        if self.trace:
            return replace(self, trace=tuple(sorted(self.trace)[number::of]), origin=min(self.trace))
        share = len(range(number, self.requests, of)) if self.requests else 0
        if self.users:
            return replace(self, users=len(range(number, self.users, of)), requests=share)
        return replace(self, rate=self.rate / of, requests=share, seed=self.seed * 1009 + number)
