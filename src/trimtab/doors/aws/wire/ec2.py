"""EC2's own form of the query protocol: names begin with a capital, lists have no `member`, answers have no wrapper."""

from collections.abc import Mapping
from typing import Any

from trimtab.doors.aws.wire.fault import Fault
from trimtab.doors.aws.wire.http import HttpAnswer, HttpRequest
from trimtab.doors.aws.wire.model import OperationModel, ServiceModel, Shape
from trimtab.doors.aws.wire.query import HEADERS, QueryReader, fields_of, tree_of
from trimtab.doors.aws.wire.xml import XmlWriter, escape


class Ec2Reader(QueryReader):
    """Reads fields by the names of EC2's requests."""

    def key_of(self, member: Shape, name: str) -> str:
        """The field of a member: the name of its queries where it has one, else its name with a capital."""
        given: str = member.serialization.get("queryName", "")
        own: str = given or member.serialization.get("name", name)
        return own if given else own[:1].upper() + own[1:]

    def inner_of(self, shape: Shape) -> None:
        """Numbers follow the name of a list at once."""


class Ec2Codec:
    """One operation in EC2's protocol."""

    def __init__(self, model: ServiceModel, operation: OperationModel) -> None:
        self._name: str = operation.name
        self._space = model.xml_namespace
        self._read = Ec2Reader().of(operation.input_shape) if operation.input_shape else None
        self._write = XmlWriter().members(operation.output_shape) if operation.output_shape else None

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """The request dict in the fields. Raises Malformed."""
        parsed: dict[str, Any] = self._read(tree_of(fields_of(request))) if self._read else {}
        return parsed

    def write(self, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """The answer as XML; an operation that answers nothing says that it was done."""
        inner = self._write(output) if self._write else "<return>true</return>"
        told = f"<requestId>{request_id}</requestId>{inner}"
        return HttpAnswer(
            200, list(HEADERS), f'<{self._name}Response xmlns="{self._space}">{told}</{self._name}Response>'.encode()
        )


def write_fault(fault: Fault, model: ServiceModel | None, request: HttpRequest, request_id: str) -> HttpAnswer:
    """An error as EC2's protocol carries it."""
    error = f"<Error><Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message></Error>"
    body = f"<Response><Errors>{error}</Errors><RequestID>{request_id}</RequestID></Response>"
    return HttpAnswer(fault.status, list(HEADERS), body.encode())
