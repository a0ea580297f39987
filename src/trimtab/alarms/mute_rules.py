"""Mute rules as they are stored."""

import json
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, select, update

from trimtab.alarms.mute import MuteRule, read_mute_rule
from trimtab.base.errors import NotFound
from trimtab.base.partitions import partition_of
from trimtab.store.state.tables import alarm_mute_rules, tags

_columns = alarm_mute_rules.c


class StoredRule(Struct, frozen=True):
    """A rule, the form that it was put in, and when that was (ms)."""

    rule: MuteRule
    form: dict[str, Any]
    updated_ms: int


def put_rule(connection: Connection, rule: MuteRule, form: dict[str, Any], at_ms: int) -> bool:
    """Create or replace a rule; whether it is new."""
    values = {"config": json.dumps(form), "updated_ms": at_ms}
    where = _at(rule.account, rule.region, rule.name)
    if connection.execute(update(alarm_mute_rules).where(where).values(values)).rowcount:
        return False
    key = {"account": rule.account, "region": rule.region, "name": rule.name}
    connection.execute(alarm_mute_rules.insert().values(**key, **values))
    return True


def get_rule(connection: Connection, account: str, region: str, name: str) -> StoredRule:
    """A rule by name. Raises NotFound."""
    row = connection.execute(select(alarm_mute_rules).where(_at(account, region, name))).first()
    if row is None:
        raise NotFound(f"The alarm mute rule {name} does not exist.")
    return _stored(row)


def list_rules(connection: Connection, account: str, region: str) -> list[StoredRule]:
    """The rules of an account and region, by name."""
    mine = (_columns.account == account, _columns.region == region)
    return [_stored(row) for row in connection.execute(select(alarm_mute_rules).where(*mine).order_by(_columns.name))]


def read_rules(connection: Connection, account: str, region: str) -> list[MuteRule]:
    """The same, without their forms."""
    return [one.rule for one in list_rules(connection, account, region)]


def delete_rule(connection: Connection, account: str, region: str, name: str) -> None:
    """Delete a rule with its tags; none of that name is no error, as on AWS."""
    arn = f"arn:{partition_of(region)}:cloudwatch:{region}:{account}:alarm-mute-rule:{name}"
    connection.execute(delete(tags).where(tags.c.arn == arn))
    connection.execute(delete(alarm_mute_rules).where(_at(account, region, name)))


def _at(account: str, region: str, name: str) -> Any:
    return (_columns.account == account) & (_columns.region == region) & (_columns.name == name)


def _stored(row: Any) -> StoredRule:
    form = json.loads(row.config)
    return StoredRule(read_mute_rule(row.account, row.region, form), form, row.updated_ms)
