"""Asking many small questions in one read: the newest value of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trimtab.access.scope import Scope
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.read import MetricReader
from trimtab.metrics.statistics import parse_statistic

LAST, RATE = parse_statistic("Last"), parse_statistic("Rate")
STEP_S = 30
"""Bucket of "now" values: holds at least two samples of an agent that reports every 10 s, so a rate exists."""
LOOK_BACK_S = 180
"""How far back "now" looks: six buckets, so that one lost report does not blank a row."""
SETTLE_MS = 12_000
"""A bucket may still fill for one report of the agent (10 s) and the log's drain (1 s) after its end."""


@dataclass(slots=True)
class Question:
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


@dataclass(frozen=True, slots=True)
class Answers:
    """What the engine said to a `Question`."""

    question: Question
    series: Sequence[StatSeries]
    settled_ms: int

    def newest(self, ticket: int | None) -> float | None:
        """The newest value of a ticket, None where there is none.

        A rate is taken from the newest bucket that is over: one that is still filling would read low.
        """
        if ticket is None:
            return None
        answer = self.series[ticket]
        known = ~np.isnan(answer.values)
        if self.question.requests[ticket].statistic is RATE:
            over = known & (answer.times + STEP_S * 1000 <= self.settled_ms)
            known = over if over.any() else known
        values = answer.values[known]
        return float(values[-1]) if len(values) else None


async def ask(reader: MetricReader, scope: Scope, question: Question, now_ms: int) -> Answers:
    """Answer every request of `question` over the last `LOOK_BACK_S` seconds, in one read."""
    settled = now_ms - SETTLE_MS
    if not question.requests:
        return Answers(question, (), settled)
    step = STEP_S * 1000
    end = (now_ms // step + 1) * step
    answers = await reader.statistics(scope, question.requests, end - LOOK_BACK_S * 1000, end)
    return Answers(question, answers, settled)
