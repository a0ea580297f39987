"""A jobs process in small: evaluates alarms minute by minute until a time, as fast as it can. Killed by its test."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trimtab.access.scope import Scope
from trimtab.alarms.evaluator import AlarmEvaluator, EvaluatorParts
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.room import AlarmRoom
from trimtab.base.clock import ManualClock
from trimtab.metrics.expressions.model import EvaluationJob, Result
from trimtab.metrics.model import Identity, Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.store.state.database import State

START_MS = 1_764_000_000_000
ACCOUNT, REGION = "123456789012", "us-east-1"
ALARMS = 20
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:pager"


class Noise:
    """Series whose value in a minute depends on nothing but the series and the minute; a tenth of them have none."""

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        return [Series(int(str(query.name)), Identity(ACCOUNT, REGION, "N", str(query.name), ()))]

    async def follow(self) -> frozenset[tuple[str, str]]:
        return frozenset()

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        times = np.arange(start_ms, end_ms, 60_000, dtype=np.int64)
        answers = []
        for request in requests:
            drawn = (times // 60_000 * 7919 + request.series[0] * 104_729) % 97
            answers.append(StatSeries(times[drawn >= 10], drawn[drawn >= 10].astype(np.float64)))
        return answers

    async def evaluate_many(self, scope: Scope, jobs: Sequence[EvaluationJob]) -> list[list[Result]]:
        return [[] for _ in jobs]


async def put(database: State) -> None:
    """The alarms, and composite ones over pairs of them."""
    store = AlarmRoom.of(database, ManualClock(START_MS)).store
    for number in range(ALARMS):
        form = {
            "Namespace": "N",
            "MetricName": str(number),
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 2,
            "DatapointsToAlarm": 1 + number % 2,
            "Threshold": 50.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [TOPIC],
        }
        await store.put(AlarmKind.METRIC, AlarmKey(ACCOUNT, REGION, f"a{number}"), form, {})
    for number in range(0, ALARMS, 2):
        rule = {"AlarmRule": f"ALARM(a{number}) AND ALARM(a{number + 1})", "AlarmActions": [TOPIC]}
        await store.put(AlarmKind.COMPOSITE, AlarmKey(ACCOUNT, REGION, f"c{number}"), rule, {})


async def evaluate(database: State, minutes: int) -> None:
    """Let minute after minute go by; those that another process evaluated before are passed over."""
    clock = ManualClock(START_MS)
    noise = Noise()
    evaluator = AlarmEvaluator(EvaluatorParts(database, clock, noise, noise, noise))
    for minute in range(minutes + 1):
        clock.at_ms = START_MS + minute * 60_000 + 15_000
        if await evaluator.run():
            print(minute, flush=True)


def main() -> None:
    """`python evaluating.py DIRECTORY MINUTES`: prints each minute that it evaluated."""
    database = State.open("", Path(sys.argv[1]))
    asyncio.run(evaluate(database, int(sys.argv[2])))
    database.close()


if __name__ == "__main__":
    main()
