"""Alarms of every kind: a section each, in the form of the operation that puts them, without AlarmName."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.alarms.check import check_alarm
from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.store import Filter
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.forms import cloudwatch_forms
from trimtab.doors.config.model import Form, Owner

_MOST = 1_000_000  # alarms of an account and region that are read: all
_NAME = "AlarmName"


class _BurnWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    LongSeconds: int
    ShortSeconds: int
    Factor: float


class _BurnPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    Metric: dict[str, Any]
    Stat: str


class _BurnRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A burn-rate alarm, which is trimtab's own: see `alarms.form`."""

    Objective: float | None = None
    Bad: _BurnPart | None = None
    Total: _BurnPart | None = None
    ServiceLevelObjective: str | None = None
    Windows: list[_BurnWindow] | None = None
    AlarmDescription: str | None = None
    ActionsEnabled: bool = True
    OKActions: list[str] = []
    AlarmActions: list[str] = []
    InsufficientDataActions: list[str] = []
    TreatMissingData: str | None = None
    Tags: list[dict[str, str]] = []


def _burn_rate(name: str, form: Any) -> dict[str, Any]:
    try:
        read: dict[str, Any] = msgspec.to_builtins(typed.convert(form, _BurnRate))
    except msgspec.ValidationError as problem:
        raise InvalidInput(str(problem)) from None
    return read


def _by_operation(operation: str) -> Callable[[str, Any], dict[str, Any]]:
    def read(name: str, form: Any) -> dict[str, Any]:
        if not isinstance(form, Mapping):
            raise InvalidInput(f"got {form!r}; expected the members of {operation}")
        found = cloudwatch_forms().read(operation, {_NAME: name, **form})
        del found[_NAME]
        return found

    return read


class AlarmSection(Struct, frozen=True):
    """One section of alarms."""

    room: AlarmRoom
    section: str
    kinds: tuple[AlarmKind, ...]
    read: Callable[[str, Any], dict[str, Any]]

    async def stored(self, owner: Owner) -> Mapping[str, Form]:
        """Every alarm of these kinds, with its tags."""
        wanted = Filter(kinds=frozenset(self.kinds))
        alarms = await self.room.store.listed(owner.account, owner.region, wanted, _MOST)
        return {
            one.key.name: _normal({**one.form, "Tags": _tag_list(await self.room.tags.tags(one.key.arn))})
            for one in alarms
        }

    def check(self, owner: Owner, name: str, form: Any) -> Form:
        """The form with its members checked, and its expressions."""
        read = self.read(name, form)
        check_alarm(read_alarm(self._kind(read), AlarmKey(owner.account, owner.region, name), read))
        normal: Form = _normal(read)
        return normal

    async def put(self, owner: Owner, name: str, form: Form) -> None:
        """Store the definition and the tags."""
        key = AlarmKey(owner.account, owner.region, name)
        tags = {one["Key"]: one["Value"] for one in form.get("Tags", ())}
        definition = {member: value for member, value in form.items() if member != "Tags"}
        if not await self.room.store.put(self._kind(form), key, definition, tags):
            gone = (await self.room.tags.tags(key.arn)).keys() - tags.keys()
            await self.room.tags.put(key.arn, tags)
            await self.room.tags.remove(key.arn, sorted(gone))

    async def delete(self, owner: Owner, name: str) -> None:
        """Delete the alarm."""
        await self.room.store.delete(owner.account, owner.region, [name])

    def _kind(self, form: Mapping[str, Any]) -> AlarmKind:
        return AlarmKind.PROMQL if "EvaluationCriteria" in form else self.kinds[0]


def alarm_sections(room: AlarmRoom) -> list[AlarmSection]:
    """The sections, those first that others name."""
    return [
        AlarmSection(room, "metric_alarms", (AlarmKind.METRIC, AlarmKind.PROMQL), _by_operation("PutMetricAlarm")),
        AlarmSection(room, "burn_rate_alarms", (AlarmKind.BURN_RATE,), _burn_rate),
        AlarmSection(room, "log_alarms", (AlarmKind.LOG,), _by_operation("PutLogAlarm")),
        AlarmSection(room, "composite_alarms", (AlarmKind.COMPOSITE,), _by_operation("PutCompositeAlarm")),
    ]


def _normal(value: Any) -> Any:
    """Members without a value left out; dimensions and tags, whose order means nothing, in order."""
    if isinstance(value, Mapping):
        return {name: _normal(item) for name, item in value.items() if item is not None and item != []}
    if isinstance(value, (list, tuple)):
        items = [_normal(item) for item in value]
        for key in ("Name", "Key"):
            if all(isinstance(item, dict) and item.keys() == {key, "Value"} for item in items):
                return sorted(items, key=lambda item: str(item[key]))
        return items
    return value


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
