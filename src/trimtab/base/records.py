"""Records as dictionaries, down to the records that they hold.

A record is a `msgspec.Struct`: making its class takes 20 µs, that of a frozen dataclass with slots 1.2 ms, and a server
has 2,000 of them.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


def asdict(record: Struct) -> dict[str, Any]:
    """The fields of `record` by name; records in them, and in their lists and mappings, are dictionaries too."""
    return {name: _plain(getattr(record, name)) for name in record.__struct_fields__}


def _plain(value: object) -> Any:
    if isinstance(value, Struct):
        return asdict(value)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(_plain(part) for part in value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(part) for key, part in value.items()}
    return value
