"""Which service, operation and protocol a request is for."""

import re
from collections.abc import Callable, Iterable

from msgspec import Struct

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Service
from trimtab.doors.aws.wire import cbor, ec2, json, query, rest
from trimtab.doors.aws.wire.codec import Codec, WriteFault
from trimtab.doors.aws.wire.constraints import Check, Checker
from trimtab.doors.aws.wire.http import HttpRequest
from trimtab.doors.aws.wire.model import OperationModel, ServiceModel

_RPC_PATH = re.compile(r"/service/([\w.]+)/operation/(\w+)")
_CODECS: dict[str, Callable[[ServiceModel, OperationModel], Codec]] = {
    "json": json.JsonCodec,
    "query": query.QueryCodec,
    "ec2": ec2.Ec2Codec,
    "cbor": cbor.CborCodec,
    "rest": rest.RestCodec,
}
FAULTS: dict[str, WriteFault] = {
    "json": json.write_fault,
    "query": query.write_fault,
    "ec2": ec2.write_fault,
    "cbor": cbor.write_fault,
    "rest": rest.write_fault,
}
_MODEL_NAMES = {"json": "json", "query": "query", "ec2": "ec2", "cbor": "smithy-rpc-v2-cbor", "rest": "rest-json"}


class Target(Struct, frozen=True):
    """What a request asks for: `service` is None where this door does not serve it.

    `operation` is "" where the request names none; `asked` is what it named, for messages.
    """

    protocol: str
    service: Service | None
    operation: str
    asked: str = ""


class Compiled(Struct, frozen=True):
    """An operation's codec and check, made when first needed."""

    codec: Codec
    check: Check | None


def protocol_of(request: HttpRequest) -> str:
    """The protocol a request speaks, told by its head alone."""
    headers = request.headers
    if b"x-amz-target" in headers:
        return "json"
    if b"smithy-protocol" in headers or _RPC_PATH.fullmatch(request.path):
        return "cbor"
    if request.path == "/" and (request.header(b"content-type").startswith(query.FORM) or b"Action=" in request.query):
        return "query"
    return "rest"


class Router:
    """Finds targets among the services that are served."""

    def __init__(self, services: Iterable[Service]) -> None:
        self.services = tuple(services)
        self._by_prefix = _by_prefix(self.services)
        self._by_signing_name = {service.model.signing_name: service for service in self.services}
        self._routes = {
            service.model.name: rest.routes_of(service.model)
            for service in self.services
            if "rest-json" in service.model.protocols
        }
        self._compiled: dict[tuple[str, str, str], Compiled] = {}

    def find(self, request: HttpRequest, protocol: str, signed_for: str) -> Target:
        """The target of a request whose credential scope names `signed_for` ("" where unsigned). Raises Malformed."""
        if protocol == "json":
            asked = request.header(b"x-amz-target")
            prefix, _, operation = asked.rpartition(".")
            return Target(protocol, self._by_prefix.get(prefix), operation, asked)
        if protocol == "cbor":
            match = _RPC_PATH.fullmatch(request.path)
            prefix, operation = match.groups() if match else ("", "")
            return Target(protocol, self._by_prefix.get(prefix), operation, request.path)
        if protocol == "query":
            return self._find_query(request, signed_for)
        return self._find_rest(request, signed_for)

    def _find_query(self, request: HttpRequest, signed_for: str) -> Target:
        fields = dict(query.fields_of(request))
        action, version = fields.get("Action", ""), fields.get("Version", "")
        service = self._by_signing_name.get(signed_for)
        if service is None and not signed_for:
            candidates = [
                one
                for one in self.services
                if action in one.model.operation_names and {"query", "ec2"} & set(one.model.protocols)
            ]
            exact = [one for one in candidates if one.model.api_version == version]
            service = next(iter(exact or candidates), None)
        spoken = "ec2" if service is not None and "ec2" in service.model.protocols else "query"
        return Target(spoken, service, action, action)

    def _find_rest(self, request: HttpRequest, signed_for: str) -> Target:
        asked = f"{request.method} {request.path}"
        for service in self.services:
            if signed_for in ("", service.model.signing_name):
                operation = rest.match(self._routes.get(service.model.name, ()), request)
                if operation is not None:
                    return Target("rest", service, operation, asked)
        return Target("rest", self._by_signing_name.get(signed_for), "", asked)

    def compiled(self, service: Service, protocol: str, operation: str) -> Compiled:
        """The codec and check of one operation. Raises AwsError for a protocol that the service does not speak."""
        key = (service.model.name, protocol, operation)
        found = self._compiled.get(key)
        if found is None:
            if _MODEL_NAMES[protocol] not in service.model.protocols:
                spoken = ", ".join(service.model.protocols)
                raise AwsError(
                    "InvalidAction", f"{service.model.name} does not speak {_MODEL_NAMES[protocol]}; it speaks {spoken}"
                )
            model = service.model.operation(operation)
            check = Checker().of(model.input_shape) if model.input_shape else None
            found = self._compiled[key] = Compiled(_CODECS[protocol](service.model, model), check)
        return found

    def unknown(self, target: Target) -> AwsError:
        """The error of a target that is not served, naming what is."""
        if target.service is None:
            served = ", ".join(sorted(service.model.name for service in self.services))
            return AwsError("InvalidAction", f"Could not find service for {target.asked!r}: trimtab serves {served}")
        model = target.service.model
        supported = ", ".join(sorted(target.service.operations))
        what = f"The operation {target.operation}" if target.operation else f"The request {target.asked!r}"
        known = "is not available in trimtab yet" if target.operation in model.operation_names else "is not valid"
        return AwsError("InvalidAction", f"{what} of {model.name} {known}. Supported operations: {supported}")


def _by_prefix(services: Iterable[Service]) -> dict[str, Service]:
    """Services by what a target names them: as botocore does, and by the bare name that the SDKs made of Smithy send.

    They differ for CloudTrail: `com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101`, and its last part alone.
    """
    known = [service for service in services if service.model.target_prefix]
    bare = {service.model.target_prefix.rpartition(".")[2]: service for service in known}
    return {**bare, **{service.model.target_prefix: service for service in known}}
