"""Is this text a dashboard body? Every fault by its JSON pointer, in CloudWatch's words (those of its schema checker).

Errors keep a body out of the store. Warnings do not: CloudWatch stores properties that it does not know, and says so.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trimtab.base import typed
from trimtab.reports.dashboards.model import KINDS, Message
from trimtab.reports.dashboards.schema import BODY, PROPERTIES, VARIABLE, WIDGET, Rule
from trimtab.reports.dashboards.validate_metrics import check_annotations, check_metrics
from trimtab.reports.dashboards.validate_rule import check_rule

_MOST_BYTES = 1 << 20
NOT_JSON = "The field DashboardBody must be a valid JSON object"
_NO_SOURCE = "The metric widget should have specified a region and a data source or an alarm annotation"
_ISO_DURATION = re.compile(r"P0D|-P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?)")
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def check_body(text: str, *, strict: bool = True) -> list[Message]:
    """What is wrong with the body in `text`, in reading order; nothing means that it can be stored as it is.

    `strict` asks for a region in every metric widget, as CloudWatch does; without it one that names none shows every
    region that the viewer may see.
    """
    if len(text.encode()) > _MOST_BYTES:
        return [Message("", f"The dashboard body must not be longer than {_MOST_BYTES} bytes")]
    try:
        body = typed.loads(text)
    except ValueError:
        return [Message("", NOT_JSON)]
    return check_document(body, strict=strict)


def check_document(body: Any, *, strict: bool = True) -> list[Message]:
    """The same for a body that is parsed already."""
    if not isinstance(body, dict):
        return [Message("", NOT_JSON)]
    return list(_body(body, strict))


def errors(messages: Sequence[Message]) -> list[Message]:
    """Those that keep a body out of the store."""
    return [one for one in messages if one.error]


def refusal(messages: Sequence[Message]) -> str:
    """The message of an answer that refuses a body, as CloudWatch words it."""
    faults = [{"dataPath": one.path, "message": one.text} for one in errors(messages)]
    plural = "s" if len(faults) != 1 else ""
    verb = "are" if plural else "is"
    listed = json.dumps(faults, indent=2)
    return f"The dashboard body is invalid, there {verb} {len(faults)} validation error{plural}:\n{listed}"


def _body(body: Mapping[str, Any], strict: bool) -> Iterator[Message]:
    yield from _object(body, BODY, ("widgets",), "", "a dashboard definition")
    yield from _range(body, "")
    for at, widget in enumerate(_list(body.get("widgets"))):
        yield from _widget(widget, f"/widgets/{at}", strict)
    seen: set[str] = set()
    for at, variable in enumerate(_list(body.get("variables"))):
        yield from _variable(variable, f"/variables/{at}", seen)


def _widget(widget: Any, path: str, strict: bool) -> Iterator[Message]:
    if not isinstance(widget, dict):
        yield Message(path, "Should be object")
        return
    yield from _object(widget, WIDGET, ("type", "properties"), path, "a widget definition")
    kind = widget.get("type")
    if isinstance(kind, str) and kind not in KINDS:
        yield Message(f"{path}/type", f"Should be equal to one of the allowed values: {', '.join(KINDS)}")
        return
    x, width = widget.get("x", 0), widget.get("width", 6)
    if _whole(x) and _whole(width) and 0 <= x <= 23 and width <= 24 < x + width:
        yield Message(path, f"The widget is wider than the grid: x {x} and width {width} pass column 24", error=False)
    properties = widget.get("properties")
    if not isinstance(properties, dict) or not isinstance(kind, str):
        return
    path += "/properties"
    rule = PROPERTIES[kind]
    yield from check_rule(properties, rule, path)
    if kind in ("metric", "chart", "log"):
        yield from _range(properties, path)
    if kind == "metric":
        yield from _metric(properties, path, strict)
    if kind in ("metric", "chart"):
        yield from check_annotations(properties.get("annotations"), f"{path}/annotations")


def _metric(properties: Mapping[str, Any], path: str, strict: bool) -> Iterator[Message]:
    annotated = isinstance(properties.get("annotations"), dict) and bool(properties["annotations"].get("alarms"))
    needed = ("region", "metrics") if strict else ("metrics",)
    missing = [name for name in needed if name not in properties]
    if missing and not annotated:
        for name in missing:
            yield Message(path, f"Should have required property '{name}'")
        yield Message(path, _NO_SOURCE)
        if "annotations" not in properties:
            yield Message(path, "Should have required property 'annotations'")
    yield from check_metrics(properties.get("metrics"), f"{path}/metrics")
    axis = properties.get("yAxis")
    if properties.get("view") == "gauge" and not _bounded(axis):
        yield Message(f"{path}/yAxis", "A gauge should have specified the min and max of its left axis")


def _bounded(axis: Any) -> bool:
    left = axis.get("left") if isinstance(axis, dict) else None
    return isinstance(left, dict) and "min" in left and "max" in left


def _variable(variable: Any, path: str, seen: set[str]) -> Iterator[Message]:
    if not isinstance(variable, dict):
        yield Message(path, "Should be object")
        return
    yield from _object(variable, VARIABLE, ("type", "id", "inputType"), path, "a variable definition")
    kind = variable.get("type")
    if kind in ("pattern", "property") and not variable.get(kind):
        yield Message(path, f"Should have required property '{kind}'")
    name = variable.get("id")
    if isinstance(name, str):
        if name in seen:
            yield Message(f"{path}/id", f"Duplicated variable id: {name}")
        seen.add(name)
    if variable.get("inputType") in ("radio", "select") and not (variable.get("values") or variable.get("search")):
        yield Message(path, "Should have required property 'values'")
    if variable.get("search") and not variable.get("populateFrom"):
        yield Message(path, "Should have required property 'populateFrom'")


def _object(
    value: Mapping[str, Any], members: Mapping[str, Rule], required: tuple[str, ...], path: str, what: str
) -> Iterator[Message]:
    for name in required:
        if name not in value:
            yield Message(path, f"Should have required property '{name}'")
    for name, found in value.items():
        rule = members.get(name)
        if rule is None:
            text = f'The "{name}" property is not expected to be part of {what}, will be ignored'
            yield Message(f"{path}/{_pointer(name)}", text, error=False)
        else:
            yield from check_rule(found, rule, f"{path}/{name}")


def _range(value: Mapping[str, Any], path: str) -> Iterator[Message]:
    for name in ("start", "end"):
        text = value.get(name)
        if isinstance(text, str) and not (_ISO_TIME.fullmatch(text) or _ISO_DURATION.fullmatch(text)):
            yield Message(f"{path}/{name}", "Should be an ISO 8601 time or a relative time such as -PT3H")
    if "end" in value and "start" not in value:
        yield Message(path, "Should have required property 'start'")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
