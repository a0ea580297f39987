"""Fields of log events as SQL: columns, attributes, what a JSON message has inside, and what lines of Lambda report.

Nothing is set up: a field is found when it is asked for. Values travel as bound parameters, never in the SQL text.
"""

import re
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Kind(StrEnum):
    """What an SQL expression gives; each may be NULL. TIME is in milliseconds since the epoch."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    FLAG = "true or false"


class Sql(Struct, frozen=True):
    """An SQL expression. It holds names of columns and of bound parameters, nothing that a user wrote."""

    text: str
    kind: Kind


class Parameters(Struct):
    """Collects the values that a statement binds."""

    values: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any, type_: str) -> str:
        """Bind `value` as the engine's `type_`; answers the placeholder."""
        name = f"q{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{type_}}}"

    def text(self, value: str) -> str:
        """Bind a string."""
        return self.bind(value, "String")


COLUMNS = (
    "account",
    "region",
    "group",
    "log_group",
    "stream",
    "time",
    "ingested",
    "id",
    "severity",
    "trace_id",
    "span_id",
    "attributes",
    "message",
)
"""Columns of `log_events` that the expressions of this file read."""
UNMASKED = "if(original = '', message, original)"
"""What the message was before data protection masked it, as SQL over `log_events` itself."""
_MESSAGE = re.compile(r"\bmessage\b")

_SYSTEM = {
    "@timestamp": Sql("toUnixTimestamp64Milli(time)", Kind.TIME),
    "@ingestionTime": Sql("toUnixTimestamp64Milli(ingested)", Kind.TIME),
    "@message": Sql("message", Kind.TEXT),
    "@logStream": Sql("stream", Kind.TEXT),
    "@log": Sql("concat(account, ':', log_group)", Kind.TEXT),
    "@logGroup": Sql("toString(log_group)", Kind.TEXT),
    "@aws.account": Sql("toString(account)", Kind.TEXT),
    "@aws.region": Sql("toString(region)", Kind.TEXT),
    "@severity": Sql("nullIf(toString(severity), '')", Kind.TEXT),
    "@traceId": Sql("nullIf(trace_id, '')", Kind.TEXT),
    "@spanId": Sql("nullIf(span_id, '')", Kind.TEXT),
    "@ptr": Sql(
        "base64Encode(concat(toString(`group`), ':', toString(toUnixTimestamp64Milli(time)),"
        " ':', toString(id), ':', log_group))",
        Kind.TEXT,
    ),
}
# Of Lambda's lines: "REPORT RequestId: … Duration: 3.42 ms Billed Duration: 4 ms Memory Size: 128 MB …".
_REPORTED = {
    "@duration": r"^REPORT .*?\tDuration: ([0-9.]+) ms",
    "@billedDuration": r"^REPORT .*?Billed Duration: ([0-9.]+) ms",
    "@initDuration": r"^REPORT .*?Init Duration: ([0-9.]+) ms",
    "@memorySize": r"^REPORT .*?Memory Size: ([0-9]+) MB",
    "@maxMemoryUsed": r"^REPORT .*?Max Memory Used: ([0-9]+) MB",
}
_BYTES_OF_MB = ("@memorySize", "@maxMemoryUsed")  # CloudWatch answers these in bytes, a MB being 10⁶
_REQUEST_ID = r"(?:RequestId: |^[0-9TZ.:-]+\t)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_TYPE = r"^(START|END|REPORT) "

SYSTEM_FIELDS = (*_SYSTEM, *_REPORTED, "@requestId", "@type")
"""Fields that are not the message's own."""


def sql_of(name: str, parameters: Parameters) -> Sql:
    """The field `name` of an event; NULL where the event has none.

    A name with dots is a path into a JSON message (`items.0.id`: numbers are places from 0), or an attribute.
    """
    if name in _SYSTEM:
        return _SYSTEM[name]
    if name in _REPORTED:
        found = f"toFloat64OrNull(extract(message, {parameters.text(_REPORTED[name])}))"
        return Sql(f"{found} * 1000000" if name in _BYTES_OF_MB else found, Kind.NUMBER)
    if name == "@requestId":
        return Sql(f"nullIf(extract(message, {parameters.text(_REQUEST_ID)}), '')", Kind.TEXT)
    if name == "@type":
        return Sql(f"nullIf(extract(message, {parameters.text(_TYPE)}), '')", Kind.TEXT)
    key = parameters.text(name)
    inside = json_path("message", name.split("."), parameters)
    if "." in name:  # the key itself may have dots
        inside = f"coalesce({inside}, JSONExtract(message, {key}, 'Nullable(String)'))"
    # Few events have attributes, and a message that is no object is not parsed.
    found = f"if(startsWith(trimLeft(message), '{{'), {inside}, NULL)"
    return Sql(f"if(mapContains(attributes, {key}), attributes[{key}], {found})", Kind.TEXT)


def unmasked(name: str, parameters: Parameters) -> Sql:
    """The field `name` of an event as it was before data protection. Who may not unmask must not get here."""
    found = sql_of(name, parameters)
    return Sql(_MESSAGE.sub(UNMASKED, found.text), found.kind)  # the text holds names of ours only


def json_path(document: str, path: list[str], parameters: Parameters) -> str:
    """What a JSON text has at `path`, as text; NULL where there is nothing. Objects and arrays stay JSON."""
    steps: list[str] = []
    found = "0"
    for place, part in enumerate(path):
        if part.isdigit() and part.isascii() and len(part) < 7 and place:
            before = "".join(f", {step}" for step in steps)
            found = (
                f"{found} OR JSONType({document}{before}) = 'Array'"
                if found != "0"
                else (f"JSONType({document}{before}) = 'Array'")
            )
            # An index of the engine counts from 1, and on an object it would count members.
            steps.append(parameters.bind(int(part) + 1, "Int64"))
        else:
            steps.append(parameters.text(part))
    arguments = "".join(f", {step}" for step in steps)
    read = f"JSONExtract({document}{arguments}, 'Nullable(String)')"
    return read if found == "0" else f"if({found}, {read}, NULL)"
