"""JSON and documents as typed values, from any thread.

msgspec (0.22) shows a type to other threads before it has learnt all of it: two threads that first decode into one
dataclass at once end the process. Here each type is learnt under a lock, so this is the only way to decode into one.
"""

import threading
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_learning = threading.Lock()
_decoders: dict[tuple[Any, bool], msgspec.json.Decoder[Any]] = {}


@overload
def decode(raw: bytes | str) -> Any: ...
@overload
def decode(raw: bytes | str, *, type: type[T], strict: bool = True) -> T: ...
@overload
def decode(raw: bytes | str, *, type: Any, strict: bool = True) -> Any: ...
def decode(raw: bytes | str, *, type: Any = Any, strict: bool = True) -> Any:
    """The value of a JSON text. Raises msgspec.ValidationError where it is no `type`, DecodeError where no JSON."""
    return _known(type, strict).decode(raw)


@overload
def convert(document: Any, type: type[T], *, strict: bool = True, from_attributes: bool = False) -> T: ...
@overload
def convert(document: Any, type: Any, *, strict: bool = True, from_attributes: bool = False) -> Any: ...
def convert(document: Any, type: Any, *, strict: bool = True, from_attributes: bool = False) -> Any:
    """A document of plain values as a `type`. Raises msgspec.ValidationError where it is none."""
    _known(type)
    return msgspec.convert(document, type, strict=strict, from_attributes=from_attributes)


def _known(kind: Any, strict: bool = True) -> msgspec.json.Decoder[Any]:
    found = _decoders.get((kind, strict))
    if found is None:
        with _learning:
            found = _decoders.setdefault((kind, strict), msgspec.json.Decoder(kind, strict=strict))
    return found
