"""A search whose trials are training jobs: how good each was, and which is the best."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.ids import hash64
from trimtab.batch.tuning.bayes import Tried, proposed
from trimtab.batch.tuning.space import Ranges, Space
from trimtab.inventory.served.model import Served

ENDED_EARLY = "ended_early"  # of a search's state: the names of those training jobs


class Search(Struct, frozen=True, kw_only=True):
    """What every search has: how many trials, and the metric that they are told apart by."""

    trials: int
    parallel: int
    longest_s: int | None
    metric: str
    maximize: bool
    target: float | None = None
    patience: int | None = None
    ended_early: frozenset[str] = frozenset()

    def form(self, arn: str, number: int, known: Sequence[Served] = ()) -> dict[str, Any]:
        """The request of the training job of a trial, by what earlier ones said of the objective."""
        raise NotImplementedError

    def tuned(self, one: Served) -> dict[str, str]:
        """The parameters of a training job that are searched."""
        raise NotImplementedError

    def loses(self, number: int, one: Served, known: Sequence[Served]) -> bool:
        """Whether a training job that runs is to be stopped."""
        return False

    def better(self, value: float, than: float | None) -> bool:
        """Whether a value is better than another."""
        return than is None or (value > than if self.maximize else value < than)

    def value(self, one: Served) -> float | None:
        """What a training job said of the objective last; None where it said nothing."""
        return next(
            (metric["value"] for metric in one.state.get("metrics") or () if metric["name"] == self.metric), None
        )

    def counts(self, one: Served) -> bool:
        """Whether what a training job said counts: it came to its end, or to that which the search gave it."""
        return one.status == "Completed" or (one.status == "Stopped" and one.name in self.ended_early)

    def objective_status(self, one: Served) -> str:
        """Whether a training job has said the objective, by AWS's words."""
        if one.status in ("InProgress", "Stopping"):
            return "Pending"
        return "Succeeded" if self.counts(one) and self.value(one) is not None else "Failed"

    def best(self, some: Sequence[Served]) -> Served | None:
        """The training job with the best objective of those that count, the first of equals."""
        found, least = None, None
        for one in some:
            value = self.value(one) if self.counts(one) else None
            if value is not None and self.better(value, least):
                found, least = one, value
        return found

    def proposed(self, ranges: Ranges, seed: int | str, number: int, known: Sequence[Served]) -> dict[str, str]:
        """What a Bayesian search tries next, by what is `known`."""
        return proposed(Space(ranges), seed, number, [Tried(self.tuned(one), self._loss(one)) for one in known])

    def _loss(self, one: Served) -> float | None:
        """The objective of a trial, of which less is better; None while it runs."""
        if self.objective_status(one) == "Pending":
            return None
        value = self.value(one) if self.counts(one) else None
        return float("inf") if value is None else -value if self.maximize else value


def trial_name(name: str, arn: str, number: int) -> str:
    """The name of a trial's training job."""
    return f"{name}-{number + 1:03d}-{hash64(f'{arn}/{number}'):016x}"[: len(name) + 13]
