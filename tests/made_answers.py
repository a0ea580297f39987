"""Answers of the REST API made of their types alone: every text in them says the same, every list is long."""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from trimtab.client.api import Client

T = TypeVar("T")
NOW_MS = 1_795_000_000_000
_MONEY = frozenset({
    "amount", "before", "after", "price_effect", "cost", "lost", "impact", "actual", "expected", "lower", "upper",
    "known", "mean", "so_far", "use", "ahead", "limit", "forecast", "today", "open_days", "adds", "low", "high",
    "alone", "billed", "total", "hourly", "cash", "saving", "planned", "largest_day", "contribution", "idle", "active",
    "held", "estimated", "per_1m_tokens", "per_1k_requests", "per_paid", "per_used", "idle_cost", "realised",
    "predicted", "realised_total", "later", "rate",
})  # fmt: skip
"""Fields that hold decimal text: the server writes nothing else there."""


class MadeClient(Client):
    """A client whose server answers anything with a made-up answer of the right type."""

    def __init__(self, text: str, length: int = 40) -> None:
        super().__init__("http://trimtab.test")
        self.text = text
        self.length = length
        self.paths: list[str] = []

    def _call(self, method: str, path: str, answer: type[T], **_: Any) -> T:
        self.paths.append(f"{method} {path}")
        return msgspec.convert(filled(inspect.type_info(answer), self.text, self.length), answer, strict=False)


def filled(kind: inspect.Type, text: str, length: int, name: str = "") -> Any:
    """A plain value of a type."""
    match kind:
        case inspect.Metadata():
            return filled(kind.type, text, length, name)
        case inspect.StructType():
            return {field.encode_name: filled(field.type, text, length, field.name) for field in kind.fields}
        case inspect.ListType():
            many = min(max(length, kind.min_length or 0), kind.max_length or length + 1)
            return [filled(kind.item_type, text, max(length // 8, 2), name) for _ in range(many)]
        case inspect.TupleType():
            return [filled(one, text, length, name) for one in kind.item_types]
        case inspect.DictType():
            return _mapping(kind, text, length, name)
        case inspect.UnionType():
            return filled(next(one for one in kind.types if not isinstance(one, inspect.NoneType)), text, length, name)
        case inspect.LiteralType():
            return sorted(map(str, kind.values))[0]
        case inspect.StrType():
            return _text(kind, text, name)
        case inspect.IntType():
            return NOW_MS if name.endswith("_ms") else min(3, kind.le or 3)
        case inspect.FloatType():
            return max(0.25, kind.ge or 0.0)
        case inspect.BoolType():
            return True
    return None


def _text(kind: inspect.StrType, text: str, name: str) -> str:
    if name in _MONEY:
        return "12.34"
    if name == "currency":
        return "USD"
    if kind.pattern:
        least, most = kind.min_length or 0, kind.max_length or 99
        texts = [one for one in (text, "123456789012", "12") if least <= len(one) <= most]
        return next(one for one in texts if re.search(kind.pattern, one))
    return "12345678" if name == "id" else text[: kind.max_length]


def _mapping(kind: inspect.DictType, text: str, length: int, name: str) -> dict[Any, Any]:
    keys: Sequence[Any] = [text] if isinstance(kind.key_type, inspect.StrType) else []
    if isinstance(kind.key_type, inspect.LiteralType):
        keys = [sorted(map(str, kind.key_type.values))[0]]
    value = kind.value_type.type if isinstance(kind.value_type, inspect.Metadata) else kind.value_type
    if isinstance(value, inspect.StrType) and name not in ("tags", "labels", "attributes", "resource"):
        return {"USD": "12.34"}
    return {key: filled(kind.value_type, text, length, name) for key in keys}
