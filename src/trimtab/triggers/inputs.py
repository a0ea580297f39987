"""What a target is sent: the event, a part of it, a constant, or a template filled from it.

Inside quotes of a template a variable becomes text, outside of them the JSON value: a template that is JSON stays JSON.
Source: EventBridge user guide, "Amazon EventBridge input transformation", and answers recorded from AWS.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.triggers.json_paths import MISSING, find, read_path

_VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_RESERVED = "aws.events."
_MOST_PATHS = 100
_TEMPLATE_LENGTH = 8192


class Facts(Struct, frozen=True):
    """What the reserved variables say: the rule, the event, and when it came in (ms)."""

    rule_arn: str
    rule_name: str
    body: bytes
    received_ms: int


def check_input(form: Mapping[str, Any]) -> None:
    """Raise InvalidInput where a target's Input, InputPath or InputTransformer cannot be used."""
    if sum(name in form for name in ("Input", "InputPath", "InputTransformer")) > 1:
        raise InvalidInput("Only one of Input, InputPath, or InputTransformer must be provided.")
    if "Input" in form:
        try:
            typed.loads(form["Input"])
        except ValueError:
            raise InvalidInput(f"JSON syntax error in input for target {form['Id']}") from None
    if form.get("InputPath"):
        read_path(form["InputPath"])
    if "InputTransformer" in form:
        _check_template(form["Id"], form["InputTransformer"])


def _check_template(id_: str, transformer: Mapping[str, Any]) -> None:
    paths = transformer.get("InputPathsMap") or {}
    template = transformer["InputTemplate"]
    if len(paths) > _MOST_PATHS or len(template) > _TEMPLATE_LENGTH:
        raise InvalidInput(
            f"InputTransformer is too large: expected {_MOST_PATHS} paths and {_TEMPLATE_LENGTH} characters"
        )
    for name, path in paths.items():
        if name.lower().startswith("aws"):
            raise InvalidInput(f"InputPathsMap cannot define {name}: names that begin with AWS are reserved")
        read_path(path)
    for name in _VARIABLE.findall(template):
        if name not in paths and not name.startswith(_RESERVED):
            raise InvalidInput(f"InputTemplate for target {id_} contains invalid placeholder {name}.")


def render(form: Mapping[str, Any], facts: Facts) -> str:
    """What is sent for the event: JSON, or the text of a template that is not JSON."""
    if "Input" in form:
        return str(form["Input"])
    if "InputTransformer" in form:
        return _transformed(form["InputTransformer"], facts)
    path = form.get("InputPath")
    if path in (None, "", "$"):
        return facts.body.decode()
    found = find(typed.decode(facts.body), read_path(path))
    return "{}" if found is MISSING else _as_json(found)


def _transformed(transformer: Mapping[str, Any], facts: Facts) -> str:
    event = typed.decode(facts.body)
    paths: Mapping[str, str] = transformer.get("InputPathsMap") or {}
    values = {name: find(event, read_path(path)) for name, path in paths.items()}
    values |= {
        f"{_RESERVED}rule-arn": facts.rule_arn,
        f"{_RESERVED}rule-name": facts.rule_name,
        f"{_RESERVED}event.ingestion-time": iso(facts.received_ms),
        f"{_RESERVED}event": _head(event, facts.received_ms),
        f"{_RESERVED}event.json": event,
    }
    return _by_quotes(transformer["InputTemplate"], lambda name, quoted: _said(values.get(name, MISSING), quoted))


def _head(event: Mapping[str, Any], received_ms: int) -> dict[str, Any]:
    """The event without its detail, as `<aws.events.event>` has it: with its type as `detailType`."""
    head = {name: value for name, value in event.items() if name not in ("detail", "detail-type")}
    return {**head, "detailType": event.get("detail-type"), "time": iso(received_ms)}


def _said(value: Any, quoted: bool) -> str:
    """A value in a template: JSON, or inside of quotes text, in which arrays and objects lose their own quotes."""
    if not quoted:
        return "null" if value is MISSING else _as_json(value)
    if value is MISSING or value is None:
        return ""
    return _as_json(value)[1:-1] if isinstance(value, str) else _as_json(value).replace('"', "")


def _by_quotes(template: str, said: Any) -> str:
    """The template with each variable replaced by `said(name, whether it is inside of quotes)`."""
    out: list[str] = []
    quoted, at = False, 0
    while at < len(template):
        match = _VARIABLE.match(template, at)
        if match is not None:
            out.append(said(match[1], quoted))
            at = match.end()
            continue
        if template[at] == "\\" and quoted:
            out.append(template[at : at + 2])
            at += 2
            continue
        if template[at] == '"':
            quoted = not quoted
        out.append(template[at])
        at += 1
    return "".join(out)


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
