"""Sampling rules in the state database. Each place has the rule Default, which can be changed but not deleted."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.tables import tags, trace_sampling_reports, trace_sampling_rules
from trimtab.traces.sampling.model import DEFAULT, DEFAULT_NAME, DEFAULT_PRIORITY, Record, Rule

MOST_RULES = 25
"""Rules of a place beside the default one: X-Ray's quota."""
_MOST_ATTRIBUTES = 5
_NAME = re.compile(r"[\w\-.: /]{1,32}")
_rules = trace_sampling_rules.c


class SamplingRules:
    """Puts, finds and forgets rules."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def listed(self, account: str, region: str) -> list[Record]:
        """The rules of a place with the default one, in the order in which they are tried."""
        return await self._state.read(lambda connection: listed(connection, account, region))

    async def create(self, account: str, region: str, rule: Rule) -> Record:
        """Add a rule. Raises Conflict for a name that is taken, LimitExceeded, InvalidInput."""
        check(rule)
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Record:
            known = listed(connection, account, region)
            if any(one.rule.name == rule.name for one in known):
                raise Conflict(f"cannot create sampling rule: there is one named {rule.name}")
            if len(known) > MOST_RULES:
                raise LimitExceeded(f"cannot create sampling rule: there are {MOST_RULES} already")
            connection.execute(insert(trace_sampling_rules).values(_row(account, region, rule, now_ms, now_ms)))
            return Record(rule, now_ms, now_ms)

        return await self._state.change(write)

    async def change(self, account: str, region: str, name: str, **changes: Any) -> Record:
        """Change fields of a rule. Raises NotFound, InvalidInput."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Record:
            old = _find(listed(connection, account, region), name)
            rule = replace(old.rule, **changes)
            check(rule)
            row = _row(account, region, rule, old.created_ms, now_ms)
            if not connection.execute(
                update(trace_sampling_rules).where(_key(account, region, name)).values(row)
            ).rowcount:
                connection.execute(insert(trace_sampling_rules).values(row))  # the default, as it always was until now
            return Record(rule, old.created_ms, now_ms)

        return await self._state.change(write)

    async def remove(self, account: str, region: str, name: str) -> Record:
        """Delete a rule with its tags and what clients reported of it. Raises NotFound, InvalidInput."""
        if name == DEFAULT_NAME:
            raise InvalidInput("cannot delete sampling rule Default: it is the last one that is tried")

        def write(connection: Connection) -> Record:
            old = _find(listed(connection, account, region), name)
            reports = trace_sampling_reports.c
            connection.execute(delete(trace_sampling_rules).where(_key(account, region, name)))
            connection.execute(delete(tags).where(tags.c.arn == old.rule.arn(account, region)))
            place = and_(reports.account == account, reports.region == region, reports.rule == name)
            connection.execute(delete(trace_sampling_reports).where(place))
            return old

        return await self._state.change(write)


def listed(connection: Connection, account: str, region: str) -> list[Record]:
    """The rules of a place, in the order in which they are tried."""
    where = (_rules.account == account, _rules.region == region)
    found = [
        Record(typed.decode(row.rule, type=Rule), row.created_ms, row.modified_ms)
        for row in connection.execute(select(trace_sampling_rules).where(*where))
    ]
    if not any(one.rule.name == DEFAULT_NAME for one in found):
        found.append(Record(DEFAULT, 0, 0))
    return sorted(found, key=lambda one: (one.rule.priority, one.rule.name))


def check(rule: Rule) -> None:
    """Raises InvalidInput for a rule that cannot be."""
    if not _NAME.fullmatch(rule.name):
        raise InvalidInput(
            f"cannot use sampling rule: got name {rule.name!r}; expected 1 to 32 letters, digits, - . _ : /"
        )
    is_default = rule.name == DEFAULT_NAME
    if is_default and rule.priority != DEFAULT_PRIORITY:
        raise InvalidInput("cannot change sampling rule Default: its priority is 10000")
    if not is_default and not 1 <= rule.priority <= 9999:
        raise InvalidInput(f"cannot use sampling rule: got Priority {rule.priority}; expected 1 to 9999")
    if not 0 <= rule.rate <= 1:
        raise InvalidInput(f"cannot use sampling rule: got FixedRate {rule.rate}; expected 0 to 1")
    if rule.reservoir < 0:
        raise InvalidInput(f"cannot use sampling rule: got ReservoirSize {rule.reservoir}; expected 0 or above")
    if len(rule.attributes) > _MOST_ATTRIBUTES:
        raise InvalidInput(f"cannot use sampling rule: expected at most {_MOST_ATTRIBUTES} Attributes")
    if rule.boost and not (0 <= rule.boost.max_rate <= 1 and rule.boost.cooldown_minutes >= 0):
        raise InvalidInput(
            "cannot use sampling rule: expected SamplingRateBoost of MaxRate 0 to 1 and a cooldown of 0 or above"
        )


def _find(records: Sequence[Record], name: str) -> Record:
    for record in records:
        if record.rule.name == name:
            return record
    raise NotFound(f"cannot find sampling rule {name}: there is none; GetSamplingRules lists them")


def _key(account: str, region: str, name: str) -> Any:
    return and_(_rules.account == account, _rules.region == region, _rules.name == name)


def _row(account: str, region: str, rule: Rule, created_ms: int, modified_ms: int) -> dict[str, Any]:
    return {
        "account": account,
        "region": region,
        "name": rule.name,
        "rule": msgspec.json.encode(rule).decode(),
        "created_ms": created_ms,
        "modified_ms": modified_ms,
    }
