"""Processors that change an event's fields: their names, their text, their types.

Source: CloudWatch Logs user guide, "String mutate processors", "JSON mutate processors", "Datatype converter
processors". What a processor names and an event lacks is left out.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import Any

import re2

from trimtab.base.errors import InvalidInput
from trimtab.logs.transform.parsers import Form, Step
from trimtab.logs.transform.places import NOTHING, Event, NotTransformedError, at, drop, keys_of, put
from trimtab.logs.transform.times import TARGET, reader, writer, zone_of

META = ("@accountId", "@logGroupName", "@logGroupStream", "@logStreamName", "@regionName")
"""Keys of what an event has beside its fields, which copyValue may read."""
_GROUP = re.compile(r"\$(\d)")
_FALSE, _TRUE = ("false", "0", "no"), ("true", "1", "yes")


def text_step(change: Callable[[str], str], form: Form) -> Step:
    """lowerCaseString, upperCaseString, trimString: texts at places."""
    places = [keys_of(one) for one in form["withKeys"]]

    def step(event: Event) -> None:
        for keys in places:
            if isinstance(found := at(event, keys), str):
                put(event, keys, change(found))

    return step


lower, upper, trim = (partial(text_step, change) for change in (str.lower, str.upper, str.strip))


def split_step(form: Form) -> Step:
    """splitString: a text becomes a list."""
    return _entries(form, lambda text, entry: text.split(entry["delimiter"]))


def substitute_step(form: Form) -> Step:
    """substituteString: what an expression matches becomes another text; $1 is its first group."""
    ready: dict[tuple[str, str], tuple[Any, str]] = {}
    for entry in form["entries"]:
        try:
            to = _GROUP.sub(r"\\\1", entry["to"].replace("\\", "\\\\"))
            ready[entry["from"], entry["to"]] = re2.compile(entry["from"]), to
        except re2.error as problem:
            raise InvalidInput(f"cannot use the expression {entry['from'][:128]!r}: {problem}") from None

    def change(text: str, entry: Form) -> str:
        expression, to = ready[entry["from"], entry["to"]]
        return str(expression.sub(to, text))

    return _entries(form, change)


def _entries(form: Form, change: Callable[[str, Form], Any]) -> Step:
    places = [(keys_of(entry["source"]), entry) for entry in form["entries"]]

    def step(event: Event) -> None:
        for keys, entry in places:
            if isinstance(found := at(event, keys), str):
                put(event, keys, change(found, entry))

    return step


def add_step(form: Form) -> Step:
    """addKeys: fields with fixed values."""
    places = [(keys_of(one["key"]), one["value"], bool(one.get("overwriteIfExists"))) for one in form["entries"]]

    def step(event: Event) -> None:
        for keys, value, over in places:
            put(event, keys, value, over=over)

    return step


def delete_step(form: Form) -> Step:
    """deleteKeys: fields that go."""
    places = [keys_of(one) for one in form["withKeys"]]

    def step(event: Event) -> None:
        for keys in places:
            drop(event, keys)

    return step


def move_step(form: Form) -> Step:
    """moveKeys: fields into the object at a place, under their own names."""
    return _moving(
        [(one["source"], f"{one['target']}.{one['source'].rpartition('.')[2]}", one) for one in form["entries"]]
    )


def rename_step(form: Form) -> Step:
    """renameKeys: fields with other names."""
    return _moving([(one["key"], one["renameTo"], one) for one in form["entries"]])


def _moving(entries: list[tuple[str, str, Form]]) -> Step:
    places = [(keys_of(source), keys_of(to), bool(entry.get("overwriteIfExists"))) for source, to, entry in entries]

    def step(event: Event) -> None:
        for keys, to, over in places:
            if at(event, keys) is not NOTHING and (over or at(event, to) is NOTHING):
                put(event, to, drop(event, keys))

    return step


def copy_step(form: Form) -> Step:
    """copyValue: fields twice, or what is known of the event (META) as a field."""
    places = [
        ([one["source"]] if one["source"] in META else keys_of(one["source"]), keys_of(one["target"]),
         bool(one.get("overwriteIfExists")))
        for one in form["entries"]
    ]  # fmt: skip

    def step(event: Event) -> None:
        for keys, to, over in places:
            if (found := at(event, keys)) is not NOTHING:
                put(event, to, found, over=over)

    return step


def list_step(form: Form) -> Step:
    """listToMap: a list of objects becomes an object by one of their members."""
    source, target = keys_of(form["source"]), form.get("target")
    into, key, of = keys_of(target) if target else [], form["key"], form.get("valueKey")
    flat, first = bool(form.get("flatten")), form.get("flattenedElement") == "first"
    if flat and "flattenedElement" not in form:
        raise InvalidInput("cannot use listToMap: flatten needs flattenedElement, first or last")

    def step(event: Event) -> None:
        found = at(event, source)
        if not isinstance(found, list):
            return
        groups: dict[str, list[Any]] = {}
        for one in found:
            if isinstance(one, dict) and key in one:
                groups.setdefault(str(one[key]), []).append(one.get(of) if of else one)
        for name, values in groups.items():
            put(event, [*into, name], (values[0] if first else values[-1]) if flat else values)

    return step


def type_step(form: Form) -> Step:
    """typeConverter: values of other types."""
    places = [(keys_of(one["key"]), one["type"]) for one in form["entries"]]

    def step(event: Event) -> None:
        for keys, type_ in places:
            if (found := at(event, keys)) is not NOTHING and found is not None:
                put(event, keys, _typed(found, type_))

    return step


def _typed(value: Any, type_: str) -> Any:
    try:
        if type_ == "integer":
            return int(float(value)) if isinstance(value, str) and "." in value else int(value)
        if type_ == "double":
            return float(value)
        if type_ == "boolean":
            text = str(value).lower()
            return {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}[text]
        return value if isinstance(value, str) else json.dumps(value)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise NotTransformedError(f"cannot make {type_} of {str(value)[:100]!r}") from None


def time_step(form: Form) -> Step:
    """dateTimeConverter: a time by another pattern, in another zone."""
    source, target = keys_of(form["source"]), keys_of(form["target"])
    zone = zone_of(form["sourceTimezone"]) if form.get("sourceTimezone") else UTC
    to = zone_of(form["targetTimezone"]) if form.get("targetTimezone") else UTC
    reads = [reader(pattern, zone) for pattern in form["matchPatterns"]]
    write = writer(form.get("targetFormat") or TARGET, to)

    def step(event: Event) -> None:
        found = at(event, source)
        if found is NOTHING:
            return
        times = (read(str(found)) for read in reads)
        time = next((one for one in times if one is not None), None)
        if time is None:
            raise NotTransformedError(f"cannot read the time {str(found)[:100]!r}")
        put(event, target, write(time))

    return step
