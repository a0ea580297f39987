"""Service models: the descriptions of AWS's services that botocore carries, loaded once and asked by name.

The one place of the door that imports botocore. Its classes have no types, so they appear here as `Any`:
`Shape` is a `botocore.model.Shape`, `OperationModel` and `ServiceModel` likewise.
"""

import gzip
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader
from botocore.model import ServiceModel as BotocoreModel

from trimtab.base import typed

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


_SERVED: Mapping[str, frozenset[str]] = {
    "ec2": frozenset({
        "DescribeCapacityBlockOfferings", "PurchaseCapacityBlock", "DescribeCapacityBlocks",
        "DescribeCapacityReservations", "CreateCapacityReservation", "CancelCapacityReservation",
        "GetCapacityReservationUsage", "CreateTags", "DeleteTags", "DescribeTags",
    }),
}  # fmt: skip
"""Of models that are mostly of what is not served, the operations that are kept: EC2's has 760."""


class _Files(JSONFileLoader):  # type: ignore[misc]  # botocore has no types
    """The files of models as plain dicts: botocore makes each an OrderedDict, which takes twice the time and room."""

    def load_file(self, file_path: str) -> Any:
        """What a file holds (its path is without the ending); None where there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return typed.decode(plain.read_bytes())
        return typed.decode(gzip.decompress(packed.read_bytes())) if packed.is_file() else None


@cache
def _loader() -> Loader:
    """One for all services: each would look through botocore's 400 folders again."""
    return Loader(file_loader=_Files())


@cache
def load_model(name: str) -> ServiceModel:
    """The model of a service by botocore's name for it (`cloudwatch`, `logs`, …)."""
    description = _loader().load_service_model(name, "service-2")
    if name in _SERVED:
        _cut(description, _SERVED[name])
    _thin(description)
    for (service, shape), wider in _WIDER.items():
        if service == name:
            description["shapes"][shape].update(wider)
    return ServiceModel(description, name)


def _cut(description: dict[str, Any], served: frozenset[str]) -> None:
    """Leave out all other operations, and the shapes that only they have."""
    operations = {name: one for name, one in description["operations"].items() if name in served}
    shapes: dict[str, Any] = {}
    todo = [one[side]["shape"] for one in operations.values() for side in ("input", "output") if side in one]
    while todo:
        name = todo.pop()
        if name not in shapes:
            shape = shapes[name] = description["shapes"][name]
            inside = [shape[part] for part in ("member", "key", "value") if part in shape]
            todo += [one["shape"] for one in (*inside, *shape.get("members", {}).values())]
    description["operations"], description["shapes"] = operations, shapes


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
