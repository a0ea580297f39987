"""JSON and documents as typed values, from any thread.

msgspec (0.22) shows a type to other threads before it has learnt all of it: two threads that first decode into one
dataclass at once end the process. Here each type is learnt under a lock, so this is the only way to decode into one.
"""

import json
import re
import threading
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

MOST_LEVELS = 100
"""Lists and objects inside each other that a document of a stranger may have: far above any that means something, and
far below the thousand frames after which Python gives up, of which a walk may take several a level."""
_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_BRACKETS_AND_TEXTS = bytes(set(range(256)) - set(b'"\\[]{}'))
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")

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


def loads(text: str | bytes, **options: Any) -> Any:
    """`json.loads` of what a stranger wrote.

    Raises ValueError for what is no JSON, for more than MOST_LEVELS levels, and for half a surrogate pair (`\\ud800`),
    which is no character: nothing could encode, keep or show it.
    """
    whole = text if isinstance(text, str) else text.decode()
    check_levels(whole.encode())
    found = json.loads(whole, **options)
    if _HALF.search(whole):
        check_characters(found)
    return found


def check_characters(document: Any) -> None:
    """Raise ValueError where a text of a document has half a surrogate pair."""
    json.dumps(document, ensure_ascii=False, default=str).encode()  # UnicodeEncodeError is one


def check_levels(raw: bytes) -> None:
    """Raise ValueError where a JSON text has more than MOST_LEVELS levels. Costs a fraction of decoding it."""
    if raw.count(b"[") + raw.count(b"{") <= MOST_LEVELS or not _deep(raw.translate(None, _BRACKETS)):
        return
    if _deep(_TEXT.sub(b"", raw.translate(None, _BRACKETS_AND_TEXTS))):
        raise ValueError(f"lists and objects are nested in more than {MOST_LEVELS} levels")


def _deep(brackets: bytes) -> bool:
    """Whether more than MOST_LEVELS brackets are left when the innermost pairs are taken out that often."""
    for _ in range(MOST_LEVELS):
        left = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(left) == len(brackets):
            return len(left) > MOST_LEVELS  # these have no partners
        brackets = left
    return bool(brackets)


def _known(kind: Any, strict: bool = True) -> msgspec.json.Decoder[Any]:
    found = _decoders.get((kind, strict))
    if found is None:
        with _learning:
            found = _decoders.setdefault((kind, strict), msgspec.json.Decoder(kind, strict=strict))
    return found
