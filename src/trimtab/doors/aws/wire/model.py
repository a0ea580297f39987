"""Service models: the descriptions of AWS's services that botocore carries, loaded once and asked by name.

The one place of the door that imports botocore. Its classes have no types, so they appear here as `Any`:
`Shape` is a `botocore.model.Shape`, `OperationModel` and `ServiceModel` likewise.
"""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel as BotocoreModel

Shape = Any
OperationModel = Any


class ServiceModel:
    """One service as its model describes it."""

    def __init__(self, description: dict[str, Any], name: str) -> None:
        self.name = name
        self._model = BotocoreModel(description, service_name=name)
        metadata = self._model.metadata
        self.api_version: str = metadata["apiVersion"]
        self.endpoint_prefix: str = metadata["endpointPrefix"]
        self.signing_name: str = metadata.get("signingName", metadata["endpointPrefix"])
        self.target_prefix: str = metadata.get("targetPrefix", "")
        self.json_version: str = metadata.get("jsonVersion", "1.0")
        self.xml_namespace: str = metadata.get(
            "xmlNamespace", f"http://{metadata['endpointPrefix']}.amazonaws.com/doc/{self.api_version}/"
        )
        self.query_compatible: bool = "awsQueryCompatible" in metadata
        self.protocols: tuple[str, ...] = tuple(metadata.get("protocols") or (metadata["protocol"],))
        self.operation_names: frozenset[str] = frozenset(self._model.operation_names)

    def operation(self, name: str) -> OperationModel:
        """The model of an operation; KeyError if the service has none of that name."""
        if name not in self.operation_names:
            raise KeyError(name)
        return self._model.operation_model(name)

    @cached_property
    def error_shapes(self) -> dict[str, Shape]:
        """Every modelled error, by its shape's name and by its code."""
        shapes: dict[str, Shape] = {}
        for shape in self._model.error_shapes:
            shapes[shape.name] = shape
            shapes.setdefault(shape.error_code, shape)
        return shapes


_WIDER: Mapping[tuple[str, str], Mapping[str, Any]] = {("logs", "MetricNamespace"): {"pattern": "[^*$]*"}}
"""Constraints of shapes, by service and shape, where AWS takes more than its model says: colons, in a namespace."""


@cache
def load_model(name: str) -> ServiceModel:
    """The model of a service by botocore's name for it (`cloudwatch`, `logs`, …)."""
    description = Loader().load_service_model(name, "service-2")
    _thin(description)
    for (service, shape), wider in _WIDER.items():
        if service == name:
            description["shapes"][shape].update(wider)
    return ServiceModel(description, name)


def _thin(description: dict[str, Any]) -> None:
    """Leave out what nobody reads, and keep equal references once: a model says `{"shape": "String"}` a thousand times.

    Two thirds of the memory of the models. botocore copies a reference before it changes it.
    """
    known: dict[Any, dict[str, Any]] = {}

    def once(reference: dict[str, Any]) -> dict[str, Any]:
        reference.pop("documentation", None)
        if not all(isinstance(value, str | bool | int) for value in reference.values()):
            return reference
        return known.setdefault(tuple((name, type(value), value) for name, value in reference.items()), reference)

    for described in (*description["operations"].values(), *description["shapes"].values()):
        described.pop("documentation", None)
        for name in ("input", "output", "member", "key", "value"):
            if isinstance(described.get(name), dict):
                described[name] = once(described[name])
        if "members" in described:
            described["members"] = {name: once(member) for name, member in described["members"].items()}
        if "errors" in described:
            described["errors"] = [once(error) for error in described["errors"]]


def wire_name(shape: Shape, default: str) -> str:
    """The name of a member on the wire."""
    name: str = shape.serialization.get("name", default)
    return name
