"""What every protocol offers: a codec an operation, and a writer of errors."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from trimtab.doors.aws.wire.fault import Fault
from trimtab.doors.aws.wire.http import HttpAnswer, HttpRequest
from trimtab.doors.aws.wire.model import ServiceModel


class Codec(Protocol):
    """One operation in one protocol."""

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """The request dict. Raises Malformed."""
        ...

    def write(self, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """The HTTP form of an answer dict."""
        ...


WriteFault = Callable[[Fault, ServiceModel | None, HttpRequest, str], HttpAnswer]
"""Writes an error: the fault, the service's model if known, the request, the request id."""
