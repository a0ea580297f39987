"""Asking many small questions in one read: the newest value of each."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.read import MetricReader
from trimtab.metrics.statistics import parse_statistic

LAST, RATE = parse_statistic("Last"), parse_statistic("Rate")
STEP_S = 10
"""Bucket of "now" values, seconds: the agent's own interval, so that "newest" is its last report."""
LOOK_BACK_S = 180
"""How far back "now" looks: a host whose agent reports every minute still has a rate."""
RATE_OVER_S = 60
"""Seconds that a rate "now" is averaged over, where they hold two reports: calm enough to read, still now."""


class Question(Struct):
    """A batch under construction: `ask` gives a ticket, `answer` of the answers redeems it."""

    requests: list[StatRequest] = field(default_factory=list)

    def last(self, series: Sequence[int]) -> int | None:
        """Ask for the newest value of `series` merged; None where there are none."""
        return self._ask(StatRequest(tuple(series), LAST, STEP_S)) if series else None

    def rate(self, series: Sequence[int]) -> int | None:
        """Ask for the increase per second of the counters `series`, added up."""
        return self._ask(StatRequest(tuple(series), RATE, STEP_S)) if series else None

    def _ask(self, request: StatRequest) -> int:
        self.requests.append(request)
        return len(self.requests) - 1


class Answers(Struct, frozen=True):
    """What the engine said to a `Question`."""

    question: Question
    series: Sequence[StatSeries]

    def newest(self, ticket: int | None) -> float | None:
        """The newest value of a ticket, None where there is none."""
        if ticket is None:
            return None
        answer = self.series[ticket]
        known = ~np.isnan(answer.values)
        times, values = answer.times[known], answer.values[known]
        if self.question.requests[ticket].statistic is RATE:
            return _rate(times, values)
        return float(values[-1]) if len(values) else None


def _rate(times: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> float | None:
    """The mean rate between the first and the last report, whatever the interval of reporting is.

    A bucket's rate is its increase over the bucket's length, which is wrong where reports are rarer than buckets. The
    increase since the report before it, added up and divided by the time between reports, is right for both.
    """
    recent = times >= times[-1] - RATE_OVER_S * 1000 if len(times) else np.zeros(0, bool)
    if recent.sum() >= 2:
        times, values = times[recent], values[recent]
    if len(times) < 2:
        return None
    return float(values[1:].sum() * STEP_S * 1000 / (times[-1] - times[0]))


async def ask(reader: MetricReader, scope: Scope, question: Question, now_ms: int) -> Answers:
    """Answer every request of `question` over the last `LOOK_BACK_S` seconds, in one read."""
    if not question.requests:
        return Answers(question, ())
    step = STEP_S * 1000
    end = (now_ms // step + 1) * step
    answers = await reader.statistics(scope, question.requests, end - LOOK_BACK_S * 1000, end)
    return Answers(question, answers)
