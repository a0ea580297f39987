"""From a body's JSON to its parts, forgiving: what the checker only warns of is passed over here."""

from collections.abc import Mapping
from typing import Any

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.reports.dashboards.model import COLUMNS, HEIGHT, WIDTH, Body, Variable, Widget
from trimtab.reports.dashboards.validate import check_document, errors


def read_body(text: str) -> Body:
    """The body in `text`. Raises InvalidInput that names the first fault."""
    try:
        raw = typed.loads(text)
    except ValueError:
        raise InvalidInput("cannot read dashboard: it is not JSON; expected an object with widgets") from None
    found = errors(check_document(raw, strict=False))
    if found:
        raise InvalidInput(f"cannot read dashboard: {found[0].path or 'the body'}: {found[0].text}", field="body")
    return parse_body(raw)


def parse_body(raw: Mapping[str, Any]) -> Body:
    """The parts of a body without errors."""
    return Body(
        start=raw.get("start", ""),
        end=raw.get("end", ""),
        inherit=raw.get("periodOverride") == "inherit",
        widgets=_placed(raw["widgets"]),
        variables=tuple(_variable(one) for one in raw.get("variables", ())),
        raw=raw,
    )


def _placed(widgets: list[Mapping[str, Any]]) -> tuple[Widget, ...]:
    """The widgets; those without a place follow the ones before, left to right, as CloudWatch lays them out."""
    found: list[Widget] = []
    x = y = tall = 0
    for index, one in enumerate(widgets):
        width, height = min(one.get("width", WIDTH), COLUMNS), one.get("height", HEIGHT)
        if "x" in one or "y" in one:
            left, top = min(one.get("x", 0), COLUMNS - width), one.get("y", 0)
        else:
            if x + width > COLUMNS:
                x, y, tall = 0, y + tall, 0
            left, top = x, y
        x, tall = left + width, max(tall, height) if top == y else height
        y = top
        found.append(Widget(index, one["type"], left, top, width, height, one.get("properties", {})))
    return tuple(found)


def _variable(raw: Mapping[str, Any]) -> Variable:
    kind = raw["type"]
    choices = tuple((one["value"], one.get("label", one["value"])) for one in raw.get("values", ()))
    default = raw.get("defaultValue") or (choices[0][0] if choices else "")
    return Variable(
        id=raw["id"],
        kind=kind,
        target=raw[kind],
        input=raw["inputType"],
        label=raw.get("label", raw["id"]),
        default=default,
        visible=raw.get("visible", True),
        values=choices,
        search=raw.get("search", ""),
        populate_from=raw.get("populateFrom", ""),
    )
