"""GetSamplingTargets: reports of clients come in, what they shall do goes out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.store.state.tables import trace_sampling_boosts, trace_sampling_reports
from trimtab.traces.sampling.model import BoostReport, BoostTarget, Record, Report, Rule, Target, Unanswered
from trimtab.traces.sampling.quotas import boosted_rate, quotas
from trimtab.traces.sampling.rules import listed

INTERVAL_S = 10
"""Seconds between two reports of a client, as X-Ray documents it."""
_ACTIVE_MS = 3 * INTERVAL_S * 1000  # a client that missed two reports has gone
QUOTA_MS = 300_000
"""How long a quota is good: five minutes, or until the next."""
BOOST_MS = 60_000
"""A boost lasts up to a minute, as X-Ray documents it."""
_OLD_MS = 600_000
_KEPT_MS = 3_600_000
_reports, _boosts = trace_sampling_reports.c, trace_sampling_boosts.c


class Targets(Struct, frozen=True):
    """The answer to reports."""

    targets: list[Target]
    last_change_ms: int
    unanswered: list[Unanswered]
    unanswered_boosts: list[Unanswered]


class Statistic(Struct, frozen=True):
    """What all clients told of a rule in one interval."""

    rule: str
    at_ms: int
    requests: int
    sampled: int
    borrowed: int


class SamplingTargets:
    """Keeps the last report of each client, and shares reservoirs by them."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def report(
        self, account: str, region: str, reports: Sequence[Report], boosts: Sequence[BoostReport] = ()
    ) -> Targets:
        """Keep what a client reported and tell what it shall do. Raises Unavailable."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Targets:
            records = {one.rule.name: one for one in listed(connection, account, region)}
            taken, unanswered = _sorted_out(reports, records, now_ms)
            _keep(connection, account, region, taken, now_ms)
            raised, unanswered_boosts = _boost(connection, (account, region), records, boosts, now_ms)
            targets = []
            for report in taken:
                rule = records[report.rule].rule
                active = _active(connection, account, region, rule.name, now_ms)
                quota = quotas(rule.reservoir, active).get(report.client, 0)
                boost = raised.get(rule.name)
                targets.append(Target(rule.name, rule.rate, quota, now_ms + QUOTA_MS, INTERVAL_S, boost))
            changed = max((one.modified_ms for one in records.values()), default=0)
            return Targets(targets, changed, unanswered, unanswered_boosts)

        return await self._state.change(write)

    async def statistics(self, account: str, region: str) -> list[Statistic]:
        """What clients told of each rule last, all clients together, by rule."""
        since_ms = self._clock.now_ms() - _OLD_MS

        def read(connection: Connection) -> list[Statistic]:
            where = (_reports.account == account, _reports.region == region, _reports.at_ms >= since_ms)
            found: dict[str, list[Report]] = {}
            for row in connection.execute(select(trace_sampling_reports).where(*where).order_by(_reports.rule)):
                found.setdefault(row.rule, []).append(_read(row))
            return [_statistic(rule, rows) for rule, rows in found.items()]

        return await self._state.read(read)


def _statistic(rule: str, reports: Sequence[Report]) -> Statistic:
    return Statistic(
        rule,
        max(report.at_ms for report in reports),
        sum(report.requests for report in reports),
        sum(report.sampled for report in reports),
        sum(report.borrowed for report in reports),
    )


def _sorted_out(
    reports: Iterable[Report], records: Mapping[str, Record], now_ms: int
) -> tuple[list[Report], list[Unanswered]]:
    taken: list[Report] = []
    unanswered: list[Unanswered] = []
    for report in reports:
        if report.rule not in records:
            unanswered.append(Unanswered(report.rule, "RuleNotFound", f"There is no sampling rule {report.rule}"))
        elif report.at_ms < now_ms - _OLD_MS:
            unanswered.append(Unanswered(report.rule, "StatisticsTooOld", "The report is older than 10 minutes"))
        else:
            taken.append(report)
    return taken, unanswered


def _keep(connection: Connection, account: str, region: str, reports: Sequence[Report], now_ms: int) -> None:
    for report in reports:
        values = {"at_ms": now_ms, "requests": report.requests, "sampled": report.sampled, "borrowed": report.borrowed}
        key = and_(
            _reports.account == account,
            _reports.region == region,
            _reports.rule == report.rule,
            _reports.client == report.client,
        )
        if not connection.execute(update(trace_sampling_reports).where(key).values(values)).rowcount:
            named = {"account": account, "region": region, "rule": report.rule, "client": report.client}
            connection.execute(insert(trace_sampling_reports).values(named | values))
    connection.execute(delete(trace_sampling_reports).where(_reports.at_ms < now_ms - _KEPT_MS))


def _active(connection: Connection, account: str, region: str, rule: str, now_ms: int) -> list[Report]:
    where = (
        _reports.account == account,
        _reports.region == region,
        _reports.rule == rule,
        _reports.at_ms > now_ms - _ACTIVE_MS,
    )
    return [_read(row) for row in connection.execute(select(trace_sampling_reports).where(*where))]


def _read(row: Row[Any]) -> Report:
    return Report(row.rule, row.client, row.at_ms, row.requests, row.sampled, row.borrowed)


def _boost(
    connection: Connection,
    place: tuple[str, str],
    records: Mapping[str, Record],
    reports: Sequence[BoostReport],
    now_ms: int,
) -> tuple[dict[str, BoostTarget], list[Unanswered]]:
    """Boosts that hold now, by rule: those begun before, and those that these reports begin."""
    account, region = place
    by_rule: dict[str, list[BoostReport]] = {}
    unanswered: list[Unanswered] = []
    for report in reports:
        record = records.get(report.rule)
        if record is None or record.rule.boost is None:
            why = f"There is no sampling rule {report.rule} with a SamplingRateBoost"
            unanswered.append(Unanswered(report.rule, "RuleNotFound", why))
        else:
            by_rule.setdefault(report.rule, []).append(report)
    where = and_(_boosts.account == account, _boosts.region == region)
    known = {row.rule: row for row in connection.execute(select(trace_sampling_boosts).where(where)).all()}
    holding = {name: BoostTarget(row.rate, row.until_ms) for name, row in known.items() if row.until_ms > now_ms}
    for name, found in by_rule.items():
        rate = boosted_rate(records[name].rule, found)
        if name in holding or rate is None or (name in known and known[name].next_ms > now_ms):
            continue
        holding[name] = _begin(connection, place, records[name].rule, rate, now_ms)
    return {name: boost for name, boost in holding.items() if name in records and records[name].rule.boost}, unanswered


def _begin(connection: Connection, place: tuple[str, str], rule: Rule, rate: float, now_ms: int) -> BoostTarget:
    cooldown_ms = (rule.boost.cooldown_minutes if rule.boost else 0) * 60_000
    until_ms = now_ms + BOOST_MS
    account, region = place
    key = and_(_boosts.account == account, _boosts.region == region, _boosts.rule == rule.name)
    connection.execute(delete(trace_sampling_boosts).where(key))
    values = {
        "account": account,
        "region": region,
        "rule": rule.name,
        "rate": rate,
        "until_ms": until_ms,
        "next_ms": max(until_ms, now_ms + cooldown_ms),
    }
    connection.execute(insert(trace_sampling_boosts).values(values))
    return BoostTarget(rate, until_ms)
