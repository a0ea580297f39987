"""Rules in the state database: put, found, listed, switched, deleted; and when one with a schedule is due."""

from datetime import UTC
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.jobs.schedule import named_zone
from trimtab.jobs.schedule import parse as parse_schedule
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_rules, event_targets
from trimtab.store.state.upcoming import Upcoming
from trimtab.triggers import versions
from trimtab.triggers.arns import DEFAULT_BUS, Place, name_of
from trimtab.triggers.buses import bus_in
from trimtab.triggers.model import CLOUDTRAIL_TOO, DISABLED, ENABLED, Rule
from trimtab.triggers.patterns.pattern import checked_pattern
from trimtab.triggers.tags import forget_tags

MOST_RULES = 2_000
"""Rules of a bus. AWS has 300 unless asked for more; the index here does not mind."""
STATES = (ENABLED, DISABLED, CLOUDTRAIL_TOO)
_columns = event_rules.c


class Wish(Struct, frozen=True):
    """A rule to put. `zone` is the IANA name of the time zone of its schedule."""

    name: str
    bus: str = DEFAULT_BUS
    pattern: str | None = None
    schedule: str | None = None
    zone: str = "UTC"
    state: str = ENABLED
    description: str = ""
    role: str = ""


class RuleStore:
    """The rules of every bus."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._upcoming = Upcoming(state, select(func.min(_columns.due_ms)).where(_columns.state != DISABLED))

    async def put(self, place: Place, wish: Wish) -> Rule:
        """Make or replace a rule. Raises InvalidPattern, InvalidInput, NotFound (the bus), LimitExceeded."""
        if not wish.pattern and not wish.schedule:
            raise InvalidInput("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        if wish.pattern:
            checked_pattern(wish.pattern)
        if wish.state not in STATES:
            raise InvalidInput(f"cannot put rule {wish.name}: got state {wish.state!r}; expected {', '.join(STATES)}")
        return await self._state.change(partial(self._put, place=place, wish=wish))

    def _put(self, connection: Connection, place: Place, wish: Wish) -> Rule:
        bus = bus_in(connection, place, wish.bus)
        if wish.schedule and bus.name != DEFAULT_BUS:
            raise InvalidInput("ScheduleExpression is supported only on the default event bus.")
        now_ms = self._clock.now_ms()
        arn = place.rule(bus.arn, wish.name)
        known = connection.execute(select(_columns.created_ms).where(_columns.arn == arn)).scalar()
        if known is None:
            count = select(func.count()).select_from(event_rules).where(_columns.bus == bus.arn)
            if connection.execute(count).scalar_one() >= MOST_RULES:
                raise LimitExceeded(f"cannot put rule {wish.name}: the bus {bus.name} has {MOST_RULES}")
        created_ms = now_ms if known is None else known
        rule = Rule(
            arn,
            place,
            bus.arn,
            wish.name,
            wish.pattern or None,
            wish.schedule or None,
            wish.zone or "UTC",
            wish.state,
            wish.description,
            wish.role,
            created_ms,
            next_due_ms(wish.schedule, wish.zone, now_ms) if wish.schedule else None,
        )
        connection.execute(delete(event_rules).where(_columns.arn == arn))
        connection.execute(insert(event_rules).values(_values(rule)))
        versions.grow(connection)
        return rule

    async def get(self, place: Place, bus: str, name: str) -> Rule:
        """A rule of a bus. Raises NotFound."""
        return await self._state.read(lambda connection: rule_in(connection, place, bus, name))

    async def listed(self, place: Place, bus: str, prefix: str = "") -> list[Rule]:
        """The rules of a bus by name. Raises NotFound (the bus)."""

        def read(connection: Connection) -> list[Rule]:
            arn = bus_in(connection, place, bus).arn
            query = select(event_rules).where(_columns.bus == arn).order_by(_columns.name)
            return [rule_of(row) for row in connection.execute(query) if row.name.startswith(prefix)]

        return await self._state.read(read)

    async def everywhere(self, account: str | None) -> list[Rule]:
        """The rules of all buses of an account (None: of all), by name."""
        query = select(event_rules).order_by(_columns.name, _columns.arn)
        if account is not None:
            query = query.where(_columns.account == account)
        return await self._state.read(lambda connection: [rule_of(row) for row in connection.execute(query)])

    async def switch(self, place: Place, bus: str, name: str, state: str) -> None:
        """Enable or disable a rule. What a schedule missed meanwhile is not made up for. Raises NotFound."""

        def write(connection: Connection) -> None:
            rule = rule_in(connection, place, bus, name)
            values: dict[str, Any] = {"state": state}
            if rule.schedule:
                values["due_ms"] = next_due_ms(rule.schedule, rule.zone, self._clock.now_ms())
            connection.execute(update(event_rules).where(_columns.arn == rule.arn).values(values))
            versions.grow(connection)

        await self._state.change(write)

    async def delete(self, place: Place, bus: str, name: str) -> None:
        """Delete a rule; one that is not there is deleted too. Raises InvalidInput for one that has targets."""

        def write(connection: Connection) -> None:
            arn = place.rule(bus_in(connection, place, bus).arn, name)
            if connection.execute(select(event_targets.c.id).where(event_targets.c.rule == arn)).first():
                raise InvalidInput("Rule can't be deleted since it has targets.")
            connection.execute(delete(event_rules).where(_columns.arn == arn))
            forget_tags(connection, arn)
            versions.grow(connection)

        await self._state.change(write)

    async def due(self, now_ms: int) -> list[Rule]:
        """Enabled rules whose schedule is due."""
        if not await self._upcoming.due(now_ms):
            return []
        query = select(event_rules).where(_columns.due_ms <= now_ms, _columns.state != DISABLED)
        return await self._state.read(
            lambda connection: [rule_of(row) for row in connection.execute(query.order_by(_columns.due_ms))]
        )


def rule_in(connection: Connection, place: Place, bus: str, name: str) -> Rule:
    """A rule of a bus. Raises NotFound."""
    arn = bus_in(connection, place, bus).arn
    row = connection.execute(select(event_rules).where(_columns.bus == arn, _columns.name == name)).first()
    if row is None:
        raise NotFound(f"Rule {name} does not exist on EventBus {name_of(arn)}.")
    return rule_of(row)


def next_due_ms(schedule: str, zone: str, now_ms: int) -> int | None:
    """When a schedule fires after `now_ms`; rates count from then. Raises InvalidInput."""
    where = UTC if zone in ("", "UTC") else named_zone(zone)
    return parse_schedule(schedule, where, anchor_ms=now_ms).next_after(now_ms)


def move_due(connection: Connection, rule: Rule, due_ms: int | None) -> bool:
    """Let a schedule fire next at `due_ms`; False where another did so before."""
    mine = (_columns.arn == rule.arn) & (_columns.due_ms == rule.due_ms)
    return bool(connection.execute(update(event_rules).where(mine).values(due_ms=due_ms)).rowcount)


def rule_of(row: Row[Any]) -> Rule:
    """A row as a rule."""
    return Rule(
        row.arn,
        Place(row.account, row.region),
        row.bus,
        row.name,
        row.pattern,
        row.schedule,
        row.zone,
        row.state,
        row.description,
        row.role,
        row.created_ms,
        row.due_ms,
    )


def _values(rule: Rule) -> dict[str, Any]:
    return {
        "arn": rule.arn,
        "account": rule.place.account,
        "region": rule.place.region,
        "bus": rule.bus,
        "name": rule.name,
        "pattern": rule.pattern,
        "schedule": rule.schedule,
        "zone": rule.zone,
        "state": rule.state,
        "description": rule.description,
        "role": rule.role,
        "created_ms": rule.created_ms,
        "due_ms": rule.due_ms,
    }
