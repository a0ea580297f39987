"""A transformer: processors in their order, which make an event of a line.

Source: CloudWatch Logs user guide, "Create and manage log transformers", for what may be put together.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.transform import mutators, parsers
from trimtab.logs.transform.parsers import MESSAGE, Form, Step
from trimtab.logs.transform.places import Event, NotTransformedError

_VENDED: Mapping[str, Callable[[Form], Step]] = {
    "parseVPC": parsers.vpc_step, "parseCloudfront": parsers.cloudfront_step, "parseRoute53": parsers.route53_step,
    "parsePostgres": parsers.postgres_step, "parseWAF": parsers.waf_step,
}  # fmt: skip
_PARSERS: Mapping[str, Callable[[Form], Step]] = {
    "parseJSON": parsers.json_step, "grok": parsers.grok_step, "csv": parsers.csv_step,
    "parseKeyValue": parsers.pairs_step, **_VENDED,
}  # fmt: skip
_MUTATORS: Mapping[str, Callable[[Form], Step]] = {
    "addKeys": mutators.add_step, "copyValue": mutators.copy_step, "dateTimeConverter": mutators.time_step,
    "deleteKeys": mutators.delete_step, "listToMap": mutators.list_step, "lowerCaseString": mutators.lower,
    "moveKeys": mutators.move_step, "renameKeys": mutators.rename_step, "splitString": mutators.split_step,
    "substituteString": mutators.substitute_step, "trimString": mutators.trim, "typeConverter": mutators.type_step,
    "upperCaseString": mutators.upper,
}  # fmt: skip
_ONCE = ("grok", "addKeys", "copyValue")
MOST_PARSERS = 5
MOST_FIELDS = 200
"""Fields that a transformer makes of an event, as documented."""
ERROR = "@transformationError"
"""The field that tells why an event was not transformed."""
Config = Sequence[Mapping[str, Form]]


class Transformer(Struct, frozen=True):
    """The steps of a configuration."""

    steps: tuple[Step, ...]

    def apply(self, line: str, meta: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The event of a line; `meta` is what copyValue may read beside it. Raises NotTransformedError."""
        event: Event = {MESSAGE: line, **(meta or {})}
        for step in self.steps:
            step(event)
        return {key: value for key, value in event.items() if key != MESSAGE and key not in mutators.META}


def read_transformer(config: Config) -> Transformer:
    """The transformer of a configuration. Raises InvalidInput, which says what is wrong."""
    names = []
    for number, processor in enumerate(config, 1):
        if len(processor) != 1:
            raise InvalidInput(f"cannot use processor {number}: expected exactly one of its members")
        names.append(next(iter(processor)))
    if "parseToOCSF" in names:
        raise InvalidInput("cannot use parseToOCSF: trimtab has no mapping to the Open Cybersecurity Schema Framework")
    if not names or names[0] not in _PARSERS:
        raise InvalidInput("cannot use the transformer: the first processor must be a parser")
    if any(name in _VENDED for name in names[1:]):
        raise InvalidInput("cannot use the transformer: a parser of vended logs must be the first processor")
    if sum(name in _PARSERS for name in names) > MOST_PARSERS:
        raise InvalidInput(f"cannot use the transformer: expected at most {MOST_PARSERS} parsers")
    for name in _ONCE:
        if names.count(name) > 1:
            raise InvalidInput(f"cannot use the transformer: expected at most one {name}")
    known = {**_PARSERS, **_MUTATORS}
    return Transformer(tuple(known[name](processor[name]) for name, processor in zip(names, config, strict=True)))


def read_document(text: str) -> Transformer:
    """The transformer of a policy's document: a list of processors in JSON. Raises InvalidInput."""
    try:
        return read_transformer(typed.decode(text))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise InvalidInput(
            "cannot use the policy: expected a JSON list of processors as PutTransformer takes"
        ) from None


def transformed(batch: LogBatch, transformer: Transformer) -> LogBatch:
    """The batch with what its events became: as JSON for filters, and as attributes, which are fields of queries."""
    group = batch.group
    meta = {
        "@accountId": group.account, "@regionName": group.region, "@logGroupName": group.name,
        "@logGroupStream": batch.stream.name, "@logStreamName": batch.stream.name,
    }  # fmt: skip
    return replace(batch, events=[_event(event, transformer, meta) for event in batch.events])


def _event(event: LogEvent, transformer: Transformer, meta: Mapping[str, str]) -> LogEvent:
    try:
        found = transformer.apply(event.message, meta)
        fields = dict(_fields(found, ""))
        if len(fields) > MOST_FIELDS:
            raise NotTransformedError(f"got {len(fields)} fields; expected at most {MOST_FIELDS}")
    except NotTransformedError as problem:
        return replace(event, attributes={**event.attributes, ERROR: str(problem)})
    return replace(event, attributes={**event.attributes, **fields}, transformed=json.dumps(found, ensure_ascii=False))


def _fields(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """The leaves of an event by their paths, as texts."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is not None:
        for key, one in inner:
            yield from _fields(one, f"{name}.{key}" if name else str(key))
    elif value is not None:
        yield name, value if isinstance(value, str) else json.dumps(value)
