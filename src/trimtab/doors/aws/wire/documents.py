"""JSON and CBOR documents ↔ request and answer dicts: one compiled closure a shape.

The model is walked once, when an operation is first called; after that a request costs only its own values.
Both formats share the containers and differ in their leaves (`Leaves`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.doors.aws.wire.model import Shape, wire_name

Convert = Callable[[Any], Any]
_LARGEST = 1 << 1023  # whole numbers beyond have no float


class Leaves(Struct, frozen=True):
    """How one format holds scalars: by shape type, a reader and a writer; None means as it is.

    `array` writes a whole numpy array at once for a list of the given leaf type.
    """

    readers: dict[str, Convert]
    writers: dict[str, Callable[[Shape], Convert | None]]
    array: Callable[[str, "np.ndarray[Any, Any]"], Any]


def read_string(value: Any) -> Any:
    """A string as it is."""
    if type(value) is not str:
        raise Malformed("a string", value)
    return value


def read_boolean(value: Any) -> Any:
    """A boolean as it is."""
    if type(value) is not bool:
        raise Malformed("true or false", value)
    return value


def read_integer(value: Any) -> Any:
    """A whole number; a float without a fraction counts."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise Malformed("a whole number", value)


def read_number(value: Any) -> Any:
    """A float; NaN and the infinities may come as words, since JSON has no numbers for them."""
    if type(value) is float:
        return value
    if type(value) is int and -_LARGEST < value < _LARGEST:
        return float(value)
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    raise Malformed("a number", value)


class Reader:
    """Compiles shapes to functions that read a decoded document into a request dict."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._done: dict[str, Convert] = {}

    def of(self, shape: Shape) -> Convert:
        """The reader of `shape`."""
        kind = shape.type_name
        if kind not in ("structure", "list", "map"):
            return self._leaves.readers[kind]
        name = shape.name
        if name not in self._done:
            self._done[name] = lambda value: self._done[name](value)  # holds the place in a recursive model
            self._done[name] = getattr(self, f"_{kind}")(shape)
        return self._done[name]

    def _structure(self, shape: Shape) -> Convert:
        members = {wire_name(member, name): (name, self.of(member)) for name, member in shape.members.items()}

        def read(value: Any) -> Any:
            if type(value) is not dict:
                raise Malformed("a structure", value)
            out = {}
            for key, item in value.items():
                member = members.get(key)
                if member is None or item is None:
                    continue
                try:
                    out[member[0]] = member[1](item)
                except Malformed as problem:
                    raise problem.inside(member[0]) from None
            return out

        return read

    def _list(self, shape: Shape) -> Convert:
        item = self.of(shape.member)

        def read(value: Any) -> Any:
            if type(value) is not list:
                raise Malformed("a list", value)
            out: list[Any] = []
            try:
                for element in value:
                    out.append(item(element))  # noqa: PERF401  # the length tells which one was malformed
            except Malformed as problem:
                raise problem.inside(f"member.{len(out) + 1}") from None
            return out

        return read

    def _map(self, shape: Shape) -> Convert:
        item = self.of(shape.value)

        def read(value: Any) -> Any:
            if type(value) is not dict:
                raise Malformed("a map", value)
            out = {}
            for key, element in value.items():
                if type(key) is not str:
                    raise Malformed("a map with text keys", key)
                try:
                    out[key] = item(element)
                except Malformed as problem:
                    raise problem.inside(key) from None
            return out

        return read


class Writer:
    """Compiles shapes to functions that turn an answer dict into a document to encode."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._done: dict[str, Convert] = {}

    def of(self, shape: Shape) -> Convert | None:
        """The writer of `shape`; None where values go out as they are."""
        kind = shape.type_name
        if kind not in ("structure", "list", "map"):
            make = self._leaves.writers.get(kind)
            return None if make is None else make(shape)
        name = shape.name
        if name not in self._done:
            self._done[name] = lambda value: self._done[name](value)  # holds the place in a recursive model
            self._done[name] = getattr(self, f"_{kind}")(shape)
        return self._done[name]

    def _structure(self, shape: Shape) -> Convert:
        members = {name: (wire_name(member, name), self.of(member)) for name, member in shape.members.items()}

        def write(value: Any) -> Any:
            out = {}
            for key, item in value.items():
                if item is not None:
                    name, convert = members[key]  # a KeyError here is an operation that answers what its model lacks
                    out[name] = item if convert is None else convert(item)
            return out

        return write

    def _list(self, shape: Shape) -> Convert:
        item, kind, array = self.of(shape.member), shape.member.type_name, self._leaves.array

        def write(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                return array(kind, value)
            return list(value) if item is None else [item(element) for element in value]

        return write

    def _map(self, shape: Shape) -> Convert:
        item = self.of(shape.value)

        def write(value: Any) -> Any:
            return dict(value) if item is None else {key: item(element) for key, element in value.items()}

        return write
