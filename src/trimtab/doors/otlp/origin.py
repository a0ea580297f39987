"""What an OTLP resource becomes: a namespace, dimensions of all its series, and a name in the list of sources.

Namespace as the EMF exporter of AWS's OpenTelemetry distribution makes it: `service.namespace/service.name`, or
`service.name` alone, or "default". Of the other attributes only those that name the thing measured are dimensions.
"""

from collections.abc import Mapping

from msgspec import Struct

IDENTIFYING = (
    "host.name",
    "service.instance.id",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.node.name",
    "container.name",
    "gpu.uuid",
    "hw.id",
    "deployment.environment.name",
    "deployment.environment",  # its name before semantic conventions 1.27
)
"""Resource attributes that are dimensions. Others (versions, process ids, SDK) describe the same thing."""

NO_NAMESPACE = "default"
_PLACES = ("host.name", "k8s.pod.name", "container.name", "service.instance.id")


class Origin(Struct, frozen=True):
    """`attributes` are all of the resource's."""

    namespace: str
    dimensions: Mapping[str, str]
    attributes: Mapping[str, str]
    source: str


def origin_of(attributes: Mapping[str, str]) -> Origin:
    """The origin that resource attributes describe."""
    service, group = attributes.get("service.name", ""), attributes.get("service.namespace", "")
    namespace = (f"{group}/{service}" if group else service) if service else NO_NAMESPACE
    dimensions = {key: attributes[key] for key in IDENTIFYING if key in attributes}
    place = next((attributes[key] for key in _PLACES if key in attributes), "")
    return Origin(namespace, dimensions, attributes, f"{namespace} on {place}" if place else namespace)
