"""Processors that make fields of a text: of the whole line, `@message`, or of a field that another one made.

Source: CloudWatch Logs user guide, "Configurable parser-type processors" and "Built-in processors for AWS vended logs".
"""

import csv
import re
from collections.abc import Callable, Mapping
from typing import Any

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.logs.transform.grok import Grok
from trimtab.logs.transform.places import NOTHING, Event, NotTransformedError, at, keys_of, put

MESSAGE = "@message"
Form = Mapping[str, Any]
Step = Callable[[Event], None]
"""Changes an event in place. Raises NotTransformedError."""
_VPC = ("version", "accountId", "interfaceId", "srcAddr", "dstAddr", "srcPort", "dstPort", "protocol", "packets",
        "bytes", "start", "end", "action", "logStatus")  # fmt: skip
_CLOUDFRONT = (
    "date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status",
    "cs(Referer)", "cs(User-Agent)", "cs-uri-query", "cs(Cookie)", "x-edge-result-type", "x-edge-request-id",
    "x-host-header", "cs-protocol", "cs-bytes", "time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher",
    "x-edge-response-result-type", "cs-protocol-version", "fle-status", "fle-encrypted-fields", "c-port",
    "time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start",
    "sc-range-end",
)  # fmt: skip
_ROUTE53 = ("version", "queryTimestamp", "hostZoneId", "queryName", "queryType", "responseCode", "protocol",
            "edgeLocation", "resolverIp", "ednsClientSubnet")  # fmt: skip
_POSTGRES = re.compile(
    r"(?P<logTime>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \S+):(?P<srcIp>[^(:]*)(?:\((?P<srcPort>\d+)\))?:"
    r"(?P<userName>[^@]*)@(?P<dbName>[^:]*):\[(?P<processId>\d+)\]:(?P<logLevel>[A-Z0-9]+): *(?P<message>.*)", re.DOTALL
)  # fmt: skip
_WHOLE = re.compile(r"-?\d+")


def json_step(form: Form) -> Step:
    """parseJSON: the object of a text, into the root or a place."""
    source, destination = _text_at(form), _into(form)

    def step(event: Event) -> None:
        try:
            found = typed.decode(source(event).encode())
        except (ValueError, RecursionError):
            raise NotTransformedError("the text is not JSON") from None
        if not isinstance(found, dict):
            raise NotTransformedError("the text is no JSON object")
        destination(event, found)

    return step


def grok_step(form: Form) -> Step:
    """grok: the fields of a pattern."""
    source, grok = _text_at(form), Grok(form["match"])
    places = {name: keys_of(name) for name, _ in grok.fields}

    def step(event: Event) -> None:
        found = grok.read(source(event))
        if found is None:
            raise NotTransformedError("the text does not match the grok pattern")
        for name, value in found.items():
            put(event, places[name], value)

    return step


def csv_step(form: Form) -> Step:
    """csv: the columns of a line; those beyond the named ones are `column_5` and so on."""
    source, destination = _text_at(form), _into(form)
    columns = form.get("columns") or ()
    delimiter = {"\\t": "\t"}.get(form.get("delimiter") or ",", form.get("delimiter") or ",")
    quote = form.get("quoteCharacter") or '"'
    if len(delimiter) != 1:
        raise InvalidInput(f"cannot use the delimiter {delimiter!r}: expected one character, or \\t")

    def step(event: Event) -> None:
        try:
            row = next(csv.reader([source(event)], delimiter=delimiter, quotechar=quote), [])
        except csv.Error:
            raise NotTransformedError("the text is no line of CSV") from None
        named = [columns[number] if number < len(columns) else f"column_{number + 1}" for number in range(len(row))]
        destination(event, dict(zip(named, row, strict=True)))

    return step


def pairs_step(form: Form) -> Step:
    """parseKeyValue: `a=1&b=2`."""
    source, over = _text_at(form), bool(form.get("overwriteIfExists"))
    fields, between = form.get("fieldDelimiter") or "&", form.get("keyValueDelimiter") or "="
    prefix, unmatched = form.get("keyPrefix") or "", form.get("nonMatchValue")
    destination = _into(form, over=over)

    def step(event: Event) -> None:
        found: dict[str, Any] = {}
        for pair in source(event).split(fields):
            key, split, value = pair.partition(between)
            if key.strip():
                found[prefix + key.strip()] = value if split else unmatched
        destination(event, found)

    return step


def vpc_step(form: Form) -> Step:
    """parseVPC: flow logs in their default format."""
    return _columns_step(form, _VPC, str.split)


def cloudfront_step(form: Form) -> Step:
    """parseCloudfront: lines of standard logs."""
    return _columns_step(form, _CLOUDFRONT, lambda line: line.split("\t"))


def route53_step(form: Form) -> Step:
    """parseRoute53: lines of public query logs."""
    return _columns_step(form, _ROUTE53, str.split)


def postgres_step(form: Form) -> Step:
    """parsePostgres: lines of RDS for PostgreSQL."""
    source = _text_at(form)

    def step(event: Event) -> None:
        match = _POSTGRES.fullmatch(source(event))
        if match is None:
            raise NotTransformedError("the text is no line of PostgreSQL")
        event.update({key: _bare(value) for key, value in match.groupdict().items() if value})

    return step


def waf_step(form: Form) -> Step:
    """parseWAF: JSON, whose lists of headers and labels become objects."""
    parse = json_step(form)

    def step(event: Event) -> None:
        parse(event)
        request = event.get("httpRequest")
        headers = request.get("headers") if isinstance(request, dict) else None
        if isinstance(request, dict) and isinstance(headers, list):
            pairs = [one for one in headers if isinstance(one, dict) and "name" in one]
            request["headers"] = {str(one["name"]): one.get("value") for one in pairs}
        labels = event.get("labels")
        if isinstance(labels, list):
            event["labels"] = [one.get("name") if isinstance(one, dict) else one for one in labels]

    return step


def _columns_step(form: Form, names: tuple[str, ...], split: Callable[[str], list[str]]) -> Step:
    source = _text_at(form)

    def step(event: Event) -> None:
        values = split(source(event))
        if len(values) != len(names):
            raise NotTransformedError(f"got {len(values)} columns; expected {len(names)}")
        event.update({name: _bare(value) for name, value in zip(names, values, strict=True)})

    return step


def _bare(text: str) -> int | str:
    return int(text) if _WHOLE.fullmatch(text) and len(text) < 19 else text


def _text_at(form: Form) -> Callable[[Event], str]:
    """Reads the text that a parser is of."""
    place = form.get("source") or MESSAGE
    keys = [place] if place == MESSAGE else keys_of(place)

    def read(event: Event) -> str:
        found = at(event, keys)
        if not isinstance(found, str):
            raise NotTransformedError(f"there is no text at {place}" if found is NOTHING else f"{place} is no text")
        return found

    return read


def _into(form: Form, *, over: bool = True) -> Callable[[Event, Mapping[str, Any]], None]:
    """Puts what a parser found into the root, or into an object at a place."""
    place = form.get("destination")
    keys = keys_of(place) if place else []

    def write(event: Event, found: Mapping[str, Any]) -> None:
        for key, value in found.items():
            put(event, [*keys, key], value, over=over)

    return write
