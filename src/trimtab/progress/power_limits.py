"""The best power limit of a job, from how long the same work took and what it drew at each limit. Pure.

Fewest joules is the limit at which the work takes least energy. Slower work holds accelerators for longer, which costs
more than electricity where they are dear: so the same is said among limits that cost at most `MOST_SLOWER` of time.
"""

from collections.abc import Iterable, Sequence
from statistics import fmean

from msgspec import Struct

MOST_SLOWER = 0.05
"""The share of time that a limit may cost."""


class Trial(Struct, frozen=True):
    """The same work under a limit (watts): how long it took (seconds) and what it used (joules)."""

    limit_w: float
    seconds: float
    joules: float

    @classmethod
    def drawn(cls, limit_w: float, seconds: float, watts: float) -> "Trial":
        """A trial of which the mean power is known."""
        return cls(limit_w, seconds, seconds * watts)


class Choice(Struct, frozen=True):
    """A limit, with what it saves (share of joules) and costs (share of time) against the highest that was tried."""

    limit_w: float
    joules: float
    saving: float
    slower: float


class Advised(Struct, frozen=True):
    """The limit with the fewest joules, and the same among those that are hardly slower. `top` is what it is held
    against: the highest limit that was tried.
    """

    top: Trial
    fewest_joules: Choice
    hardly_slower: Choice

    @property
    def words(self) -> str:
        """As a person reads it."""
        top, best = self.top, self.hardly_slower
        if best.limit_w == top.limit_w:
            text = f"keep {top.limit_w:g} W: no lower limit saves energy for at most {MOST_SLOWER:.0%} of time"
        else:
            text = f"limit to {best.limit_w:g} W: {best.saving:.1%} less energy than at {top.limit_w:g} W, "
            text += f"{best.slower:.1%} slower" if best.slower > 0 else "no slower"
        other = self.fewest_joules
        if other.limit_w == best.limit_w:
            return text
        return f"{text}; fewest joules at {other.limit_w:g} W ({other.saving:.1%} less, {other.slower:.1%} slower)"


def advise(trials: Iterable[Trial], most_slower: float = MOST_SLOWER) -> Advised | None:
    """What limit to set; of several trials at one limit the means count. None where fewer than two limits were tried.

    Of limits with equal joules the higher one is taken: it is no slower.
    """
    means = _means([one for one in trials if one.seconds > 0 and one.joules > 0])
    if len(means) < 2:
        return None
    top = max(means, key=lambda one: one.limit_w)
    near = [one for one in means if one.seconds <= top.seconds * (1 + most_slower)]

    def choice(among: Sequence[Trial]) -> Choice:
        best = min(among, key=lambda one: (one.joules, -one.limit_w))
        return Choice(best.limit_w, best.joules, 1 - best.joules / top.joules, best.seconds / top.seconds - 1)

    return Advised(top, choice(means), choice(near))


def _means(trials: Sequence[Trial]) -> list[Trial]:
    by: dict[float, list[Trial]] = {}
    for one in trials:
        by.setdefault(one.limit_w, []).append(one)
    return [
        Trial(limit, fmean(one.seconds for one in found), fmean(one.joules for one in found))
        for limit, found in sorted(by.items())
    ]
