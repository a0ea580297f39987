"""XML answers of the query protocol: one compiled closure a shape, text in pieces, everything escaped."""

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from trimtab.doors.aws.wire import timestamps
from trimtab.doors.aws.wire.model import Shape, wire_name

Write = Callable[[Any], str]
Element = Callable[[str, Any], str]

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""Characters that XML 1.0 cannot hold in any form; they are left out rather than break the whole answer."""


def escape(text: str) -> str:
    """Text as XML content."""
    text = _FORBIDDEN.sub("", text)
    if "&" in text or "<" in text or ">" in text or "\r" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return text


class XmlWriter:
    """Compiles shapes to functions that write a value as an element, or a structure as its members."""

    def __init__(self) -> None:
        self._members: dict[str, Write] = {}

    def members(self, shape: Shape) -> Write:
        """A function that writes the members of a structure, without an element around them."""
        name = shape.name
        if name not in self._members:
            self._members[name] = lambda value: self._members[name](value)  # holds the place in a recursive model
            self._members[name] = self._structure(shape)
        return self._members[name]

    def element(self, shape: Shape) -> Element:
        """A function that writes a value of `shape` as an element of a given name."""
        kind = shape.type_name
        if kind == "list":
            return self._list(shape)
        if kind == "map":
            return self._map(shape)
        content = self.members(shape) if kind == "structure" else _scalar(shape)
        return lambda name, value: f"<{name}>{content(value)}</{name}>"

    def _structure(self, shape: Shape) -> Write:
        writers = {name: (wire_name(member, name), self.element(member)) for name, member in shape.members.items()}

        def write(value: Any) -> str:
            parts = []
            for key, item in value.items():
                if item is not None:
                    name, element = writers[key]  # a KeyError here is an operation that answers what its model lacks
                    parts.append(element(name, item))
            return "".join(parts)

        return write

    def _list(self, shape: Shape) -> Element:
        flat = bool(shape.serialization.get("flattened"))
        inner = wire_name(shape.member, "member")
        item = self.element(shape.member)

        def write(name: str, value: Any) -> str:
            elements = value.tolist() if isinstance(value, np.ndarray) else value
            if flat:
                return "".join(item(name, element) for element in elements)
            return f"<{name}>{''.join(item(inner, element) for element in elements)}</{name}>"

        return write

    def _map(self, shape: Shape) -> Element:
        flat = bool(shape.serialization.get("flattened"))
        key_name, value_name = wire_name(shape.key, "key"), wire_name(shape.value, "value")
        item = self.element(shape.value)

        def write(name: str, value: Any) -> str:
            entry = name if flat else "entry"
            pairs = "".join(
                f"<{entry}><{key_name}>{escape(key)}</{key_name}>{item(value_name, element)}</{entry}>"
                for key, element in value.items()
            )
            return pairs if flat else f"<{name}>{pairs}</{name}>"

        return write


def _scalar(shape: Shape) -> Write:
    kind = shape.type_name
    if kind == "timestamp":
        form = shape.serialization.get("timestampFormat", "iso8601")
        return lambda ms: timestamps.text(ms, form)
    if kind == "boolean":
        return lambda value: "true" if value else "false"
    if kind == "blob":
        return lambda value: base64.b64encode(value).decode()
    if kind in ("float", "double"):
        return _number
    if kind in ("integer", "long"):
        return str
    return escape


def _number(value: float) -> str:
    text = repr(float(value))
    return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(text, text)
