"""The query protocol: `Action=…&List.member.1.Name=…` in, XML out."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from trimtab.doors.aws.wire.fault import Fault
from trimtab.doors.aws.wire.http import HttpAnswer, HttpRequest
from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.doors.aws.wire.model import OperationModel, ServiceModel, Shape, wire_name
from trimtab.doors.aws.wire.scalars import TEXT_READERS
from trimtab.doors.aws.wire.xml import XmlWriter, escape

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 300_000
"""Fields a form may have: 1,000 metrics with 150 values and counts each stay below it, and 1 MiB ends sooner."""
HEADERS = [(b"content-type", b"text/xml")]
_FAULT_SPACE = "http://webservices.amazon.com/AWSFault/2005-15-09"

Tree = dict[str, Any]
Read = Callable[[Any], Any]


def fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of the query string, then those of a form body. Raises Malformed for more than MAX_FIELDS."""
    is_form = request.header(b"content-type").startswith(FORM)
    try:
        fields = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        if is_form:
            fields += parse_qsl(
                request.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS
            )
    except ValueError as problem:
        raise Malformed(f"form fields ({problem})", "the form") from None
    return fields


def tree_of(fields: list[tuple[str, str]]) -> Tree:
    """`A.member.1.B=v` as nested dicts. Raises Malformed where a name is both a value and a container."""
    tree: Tree = {}
    for name, value in fields:
        node = tree
        parts = name.split(".")
        for part in parts[:-1]:
            below = node.setdefault(part, {})
            if type(below) is not dict:
                if below != "":
                    raise Malformed("one value or members, not both", name)
                below = node[part] = {}
            node = below
        node.setdefault(parts[-1], value)
    return tree


class QueryReader:
    """Compiles shapes to functions that read the tree of fields."""

    def __init__(self) -> None:
        self._done: dict[str, Read] = {}

    def of(self, shape: Shape) -> Read:
        """The reader of `shape`."""
        kind = shape.type_name
        if kind not in ("structure", "list", "map"):
            return TEXT_READERS[kind]
        # A list's names depend on the member that holds it, so its key holds more than the shape's name.
        key = f"{shape.name} {shape.serialization}"
        if key not in self._done:
            self._done[key] = lambda value: self._done[key](value)  # holds the place in a recursive model
            self._done[key] = getattr(self, f"_{kind}")(shape)
        return self._done[key]

    def key_of(self, member: Shape, name: str) -> str:
        """The field name of a member; a flattened list takes its element's name where the model gives one."""
        if member.type_name == "list" and member.serialization.get("flattened"):
            inner: str | None = member.member.serialization.get("name")
            if inner:
                return inner
        return wire_name(member, name)

    def inner_of(self, shape: Shape) -> str | None:
        """What stands between the name of a list and its numbers; None where nothing does."""
        if shape.serialization.get("flattened"):
            return None
        inner: str = shape.member.serialization.get("name", "member")
        return inner

    def _structure(self, shape: Shape) -> Read:
        members = [(name, self.key_of(member, name), self.of(member)) for name, member in shape.members.items()]

        def read(tree: Any) -> Any:
            out: dict[str, Any] = {}
            if type(tree) is not dict:
                if tree:
                    raise Malformed("a structure's members", tree)
                return out
            for name, key, convert in members:
                node = tree.get(key)
                if node is None:
                    continue
                try:
                    out[name] = convert(node)
                except Malformed as problem:
                    raise problem.inside(name) from None
            return out

        return read

    def _list(self, shape: Shape) -> Read:
        inner = self.inner_of(shape)
        item = self.of(shape.member)

        def read(node: Any) -> Any:
            elements = _numbered(node, inner)
            out: list[Any] = []
            try:
                for element in elements:
                    out.append(item(element))  # noqa: PERF401  # the length tells which one was malformed
            except Malformed as problem:
                raise problem.inside(f"member.{len(out) + 1}") from None
            return out

        return read

    def _map(self, shape: Shape) -> Read:
        inner = None if shape.serialization.get("flattened") else "entry"
        key_name, value_name = wire_name(shape.key, "key"), wire_name(shape.value, "value")
        item = self.of(shape.value)

        def read(node: Any) -> Any:
            out = {}
            for entry in _numbered(node, inner):
                if type(entry) is not dict or type(entry.get(key_name)) is not str:
                    raise Malformed(f"entries with a {key_name}", entry)
                out[entry[key_name]] = item(entry.get(value_name, ""))
            return out

        return read


def _numbered(node: Any, inner: str | None) -> list[Any]:
    if node == "":
        return []  # an empty list is sent as `Name=`
    if inner is not None and type(node) is dict:
        node = node.get(inner, {})
    if type(node) is not dict:
        raise Malformed("numbered members", node)
    try:
        return [node[key] for key in sorted(node, key=int)]
    except ValueError:
        raise Malformed("members numbered from 1", sorted(node)[0]) from None


class QueryCodec:
    """One operation in the query protocol."""

    def __init__(self, model: ServiceModel, operation: OperationModel) -> None:
        self._name: str = operation.name
        self._space = model.xml_namespace
        self._read = QueryReader().of(operation.input_shape) if operation.input_shape else None
        output = operation.output_shape
        self._wrapper: str | None = output.serialization.get("resultWrapper") if output else None
        self._write = XmlWriter().members(output) if output else None

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """The request dict in the fields. Raises Malformed."""
        parsed: dict[str, Any] = self._read(tree_of(fields_of(request))) if self._read else {}
        return parsed

    def write(self, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """The answer as XML."""
        inner = self._write(output) if self._write else ""
        if self._wrapper:
            inner = f"<{self._wrapper}>{inner}</{self._wrapper}>"
        tail = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        body = f'<{self._name}Response xmlns="{self._space}">{inner}{tail}</{self._name}Response>'
        return HttpAnswer(200, list(HEADERS), body.encode())


def write_fault(fault: Fault, model: ServiceModel | None, request: HttpRequest, request_id: str) -> HttpAnswer:
    """An error as the query protocol carries it."""
    space = model.xml_namespace if model else _FAULT_SPACE
    more = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fault.members.items())
    told = f"<Message>{escape(fault.message)}</Message>" if fault.message else ""
    error = f"<Type>{fault.side}</Type><Code>{escape(fault.code)}</Code>{told}{more}"
    body = f'<ErrorResponse xmlns="{space}"><Error>{error}</Error><RequestId>{request_id}</RequestId></ErrorResponse>'
    return HttpAnswer(fault.status, list(HEADERS), body.encode())
