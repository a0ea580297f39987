"""Alarms as widgets show them: their states, and what is drawn of them beside their threshold."""

import re
from collections import defaultdict
from collections.abc import Sequence

from trimtab.access.scope import Scope
from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import Alarm, BurnRateAlarm, MetricAlarm, Operator, PromQLAlarm
from trimtab.alarms.rows import Stored
from trimtab.alarms.store import AlarmStore
from trimtab.metrics.expressions.model import Query
from trimtab.reports.dashboards.ports import AlarmView

_ARN = re.compile(r"arn:aws[\w-]*:cloudwatch:(?P<region>[^:]*):(?P<account>\d{12}):alarm:(?P<name>.+)")
_SIGNS = {
    Operator.GREATER_OR_EQUAL: "≥",
    Operator.GREATER: ">",
    Operator.LESS: "<",
    Operator.LESS_OR_EQUAL: "≤",
}


class AlarmSource:
    """`ports.ShowsAlarms` over the room of alarms."""

    def __init__(self, store: AlarmStore) -> None:
        self._store = store

    async def shown(self, scope: Scope, arns: Sequence[str]) -> list[AlarmView]:
        """The alarms with these ARNs that exist within `scope`, in their order."""
        wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
        for arn in arns:
            match = _ARN.fullmatch(arn)
            if match and _within(scope, match["account"], match["region"]):
                wanted[match["account"], match["region"]].append(match["name"])
        found: dict[str, Stored] = {}
        for (account, region), names in wanted.items():
            stored = await self._store.named(account, region, names, scope.rows)
            found |= {one.key.arn: one for one in stored.values()}
        return [_view(found[arn]) for arn in arns if arn in found]


def _within(scope: Scope, account: str, region: str) -> bool:
    return (scope.accounts is None or account in scope.accounts) and (scope.regions is None or region in scope.regions)


def _view(stored: Stored) -> AlarmView:
    alarm = read_alarm(stored.kind, stored.key, stored.form)
    queries, prom = _drawn(alarm)
    judgement = alarm.judgement if isinstance(alarm, MetricAlarm) else None
    return AlarmView(
        arn=stored.key.arn,
        name=stored.key.name,
        state=str(stored.state.value),
        since_ms=stored.state.transitioned_ms,
        reason=stored.state.reason,
        queries=queries,
        prom=prom,
        threshold=judgement.threshold if judgement else None,
        comparison=_SIGNS.get(judgement.operator, "") if judgement else "",
    )


def _drawn(alarm: Alarm) -> tuple[tuple[Query, ...], str]:
    if isinstance(alarm, MetricAlarm):
        return alarm.queries, ""
    if isinstance(alarm, BurnRateAlarm):
        budget = alarm.budget
        return () if isinstance(budget, str) else (budget.bad, budget.total), ""
    return (), alarm.query if isinstance(alarm, PromQLAlarm) else ""
