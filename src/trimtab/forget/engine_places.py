"""Whose each row of the engine's tables is, as conditions that do not hold the owner's name.

A mutation's condition is written into the engine's files, so names are compared by their hash.
"""

from collections.abc import Mapping

from trimtab.forget.model import Kind, Owner
from trimtab.store.telemetry.schema import TABLES

SERIES = "forget_series"
"""The table of the ids of series that go, while they do."""
_BY_SERIES = f"series IN (SELECT series FROM {SERIES})"  # noqa: S608 - a name of ours

NOBODYS: Mapping[str, str] = {
    "metric_rollup_hours": "which hours are rolled up",
    "metric_rollup_marks": "which hours have late points",
    "metric_detailed": "which metrics were asked for percentiles",
    "fleet_days": "which days are built",
}
"""Tables whose rows belong to no owner, and why."""
MONEY = ("cost_lines", "cost_daily", "cost_sets")
AUDIT = ("audit_events",)


def condition(table: str, owner: Owner, digest: int) -> str:
    """Under which a row of `table` is the owner's, whose name has the hash `digest`; "" where none is."""
    columns = TABLES[table].column_names
    if table in NOBODYS or (table in MONEY and not owner.bill) or (table in AUDIT and not owner.audit):
        return ""
    if table in MONEY:
        return _money(table, owner, digest)
    if table == "metric_series":
        return _either(_account(owner, digest), _map("dimensions", owner, digest))
    if table == "anomalies" or (table.startswith("metric_") and "series" in columns):
        return _BY_SERIES
    if owner.kind is Kind.ACCOUNT:
        return _account(owner, digest)
    if table == "audit_events" and owner.kind is Kind.USER:
        return f"cityHash64(user_name) = {digest} OR cityHash64(session_name) = {digest}"
    maps = [name for name in ("attributes", "resource_attributes") if name in columns]
    return _either(*(_map(name, owner, digest) for name in maps))


def blanked(table: str, owner: Owner, digest: int) -> tuple[str, str]:
    """What takes a team's name out of rows that are others' too (an UPDATE's assignments), and where; "" for none."""
    if table != "fleet_machine_days" or owner.kind is not Kind.TEAM:
        return "", ""
    names = ("team", "sum_team")
    assigned = ", ".join(f"{name} = arrayMap(one -> if(cityHash64(one) = {digest}, '', one), {name})" for name in names)
    return assigned, f"arrayExists(one -> cityHash64(one) = {digest}, arrayConcat(team, sum_team))"


def _account(owner: Owner, digest: int) -> str:
    return f"cityHash64(account) = {digest}" if owner.kind is Kind.ACCOUNT else ""


def _map(name: str, owner: Owner, digest: int) -> str:
    if not owner.keys:
        return ""
    keys = ", ".join(f"'{key}'" for key in owner.keys)
    pairs = f"mapKeys({name}), mapValues({name})"
    return f"arrayExists((k, v) -> lower(k) IN ({keys}) AND cityHash64(v) = {digest}, {pairs})"


def _money(table: str, owner: Owner, digest: int) -> str:
    if owner.kind is not Kind.ACCOUNT or table == "cost_sets":  # sets of tags are shared by the lines of all accounts
        return ""
    return f"cityHash64(sub_account_id) = {digest}"


def _either(*conditions: str) -> str:
    return " OR ".join(f"({one})" for one in conditions if one)
