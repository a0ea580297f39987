"""Tags of alarms and mute rules, by ARN."""

import re
from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, Table, delete, select

from trimtab.store.state.database import State as Database
from trimtab.store.state.tables import alarm_mute_rules, alarms
from trimtab.store.state.tables import tags as tags_table

_ARN = re.compile(r"arn:aws[\w-]*:cloudwatch:([\w-]*):(\d{12}):(alarm|alarm-mute-rule):(.+)", re.DOTALL)
_TABLES: Mapping[str, Table] = {"alarm": alarms, "alarm-mute-rule": alarm_mute_rules}


class AlarmTags:
    """The tags of alarms and mute rules that exist."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def exists(self, arn: str) -> bool:
        """Whether there is such an alarm or mute rule."""
        match = _ARN.fullmatch(arn)
        if match is None:
            return False
        region, account, kind, name = match.groups()
        table = _TABLES[kind]
        query = select(table.c.name).where(table.c.account == account, table.c.region == region, table.c.name == name)
        return await self._database.read(lambda connection: connection.execute(query).first() is not None)

    async def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource."""
        query = select(tags_table.c.key, tags_table.c.value).where(tags_table.c.arn == arn)

        def read(connection: Connection) -> dict[str, str]:
            return {row.key: row.value for row in connection.execute(query)}

        return await self._database.read(read)

    async def put(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace the values of those that are there."""
        await self._database.change(partial(_put, arn=arn, tags=tags))

    async def remove(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags by key."""
        where = (tags_table.c.arn == arn, tags_table.c.key.in_(keys))
        await self._database.change(lambda connection: connection.execute(delete(tags_table).where(*where)))


def _put(connection: Connection, arn: str, tags: Mapping[str, str]) -> None:
    if tags:
        connection.execute(delete(tags_table).where(tags_table.c.arn == arn, tags_table.c.key.in_(list(tags))))
        rows = [{"arn": arn, "key": key, "value": value} for key, value in tags.items()]
        connection.execute(tags_table.insert(), rows)
