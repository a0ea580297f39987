"""The room of alarms, as doors and pages are given it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, insert

from trimtab.alarms.listing import AlarmListing
from trimtab.alarms.mute import MuteRule, read_mute_rule
from trimtab.alarms.mute_rules import StoredRule, delete_rule, get_rule, list_rules, put_rule
from trimtab.alarms.store import AlarmStore
from trimtab.alarms.tagged import AlarmTags
from trimtab.base.clock import Clock
from trimtab.store.state.database import State as Database
from trimtab.store.state.tables import tags as tags_table


class MuteRules:
    """Mute rules as callers put, list and delete them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, account: str, region: str, form: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
        """Create or replace the rule in a PutAlarmMuteRule-shaped form; whether it is new. Raises InvalidInput."""
        rule = read_mute_rule(account, region, form)
        now_ms = self._clock.now_ms()
        return await self._database.change(partial(_put, rule=rule, form=dict(form), tags=tags, now_ms=now_ms))

    async def get(self, account: str, region: str, name: str) -> StoredRule:
        """A rule by name. Raises NotFound."""
        return await self._database.read(partial(get_rule, account=account, region=region, name=name))

    async def listed(self, account: str, region: str) -> list[StoredRule]:
        """The rules of an account and region, by name."""
        return await self._database.read(partial(list_rules, account=account, region=region))

    async def delete(self, account: str, region: str, name: str) -> None:
        """Delete a rule; one that does not exist is no error."""
        await self._database.change(partial(delete_rule, account=account, region=region, name=name))


def _put(connection: Connection, rule: MuteRule, form: dict[str, Any], tags: Mapping[str, str], now_ms: int) -> bool:
    fresh = put_rule(connection, rule, form, now_ms)
    if fresh and tags:
        rows = [{"arn": rule.arn, "key": key, "value": value} for key, value in tags.items()]
        connection.execute(insert(tags_table), rows)
    return fresh


class AlarmRoom(Struct, frozen=True):
    """Alarms, when they are silent, and their tags."""

    store: AlarmStore
    mute_rules: MuteRules
    tags: AlarmTags
    listing: AlarmListing

    @classmethod
    def of(cls, database: Database, clock: Clock) -> "AlarmRoom":
        """The room over a state database."""
        tags, listing = AlarmTags(database), AlarmListing(database)
        return cls(AlarmStore(database, clock), MuteRules(database, clock), tags, listing)
