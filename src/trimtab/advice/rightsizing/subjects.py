"""From the inventory and from what containers ask for to the subjects that may be sized."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trimtab.advice.rightsizing.model import Kind, Subject
from trimtab.inventory.resources import Resource

INVENTORY = {
    "instance": Kind.INSTANCE,
    "auto_scaling_group": Kind.GROUP,
    "volume": Kind.VOLUME,
    "function": Kind.FUNCTION,
    "service": Kind.SERVICE,
    "endpoint": Kind.ENDPOINT,
    "database": Kind.DATABASE,
    "container": Kind.CONTAINER,
}
"""Kinds of resources of the inventory."""
_GONE = ("terminated", "shutting-down", "stopped", "stopping")


def subjects(resources: Iterable[Resource]) -> Iterator[Subject]:
    """What may be sized of resources. An endpoint is one for each of its variants."""
    for one in resources:
        kind = INVENTORY.get(one.ref.kind)
        if kind is None or str(one.attributes.get("State", "")) in _GONE:
            continue
        match kind:
            case Kind.ENDPOINT:
                yield from _variants(one)
            case Kind.GROUP:
                yield from _group(one)
            case _:
                yield _subject(one, kind, one.ref.id, one.type, one.attributes, 1.0)


def why_not(one: Resource) -> str:
    """Why a resource of the inventory is no subject; "" where it is one."""
    kind = INVENTORY.get(one.ref.kind)
    if kind is None:
        return f"trimtab knows no sizes of the kind {one.ref.kind.replace('_', ' ')}"
    if any(subjects([one])):
        return ""
    match kind:
        case Kind.ENDPOINT:
            return "its variants and their types were not read"
        case Kind.GROUP:
            return "its machines are of several types, or of none that is known"
        case _:
            return f"it is {one.attributes.get('State')}: it runs on no size now"


def _subject(one: Resource, kind: Kind, id_: str, type_: str, attributes: Mapping[str, Any], count: float) -> Subject:
    size = type_
    if kind is Kind.VOLUME:
        size = " ".join(str(attributes.get(name) or 0) for name in ("VolumeType", "Size", "Iops", "Throughput"))
    if kind is Kind.SERVICE:
        size = f"{attributes.get('cpu') or 0} CPU / {attributes.get('memory') or 0} MiB"
        count = float(attributes.get("desiredCount") or 1)
    if kind is Kind.FUNCTION:
        size = str(attributes.get("MemorySize") or type_ or "")
    system = str(attributes.get("PlatformDetails", "")) if kind is Kind.INSTANCE else ""
    return Subject(
        one.ref.path, kind, id_, one.name, size, one.ref.account, one.ref.region, _arn(one), one.owner, count, one.tags,
        attributes, system,
    )  # fmt: skip


_ARNS = {
    "instance": "ec2:{region}:{account}:instance/{id}",
    "volume": "ec2:{region}:{account}:volume/{id}",
    "function": "lambda:{region}:{account}:function:{id}",
    "database": "rds:{region}:{account}:db:{id}",
    "endpoint": "sagemaker:{region}:{account}:endpoint/{id}",
    "service": "ecs:{region}:{account}:service/{id}",
}
"""Formats of ARNs: Service Authorization Reference."""


def _arn(one: Resource) -> str:
    """The ARN of a thing of AWS, also where who told of it gave none; "" where it has none of a known form."""
    form = _ARNS.get(one.ref.kind)
    if one.arn or form is None or one.ref.provider != "aws":
        return one.arn
    return "arn:aws:" + form.format(region=one.ref.region, account=one.ref.account, id=one.ref.id)


def _variants(one: Resource) -> Iterator[Subject]:
    found = one.attributes.get("ProductionVariants") or ()
    for variant in found:
        if type_ := variant.get("InstanceType"):
            count = float(variant.get("CurrentInstanceCount") or variant.get("DesiredInstanceCount") or 1)
            id_ = f"{one.ref.id}/{variant.get('VariantName', '')}"
            yield _subject(one, Kind.ENDPOINT, id_, type_, one.attributes, count)
    if not found and one.type:
        yield _subject(one, Kind.ENDPOINT, one.ref.id, one.type, one.attributes, 1.0)


def _group(one: Resource) -> Iterator[Subject]:
    machines = one.attributes.get("Instances") or ()
    types = {str(machine.get("InstanceType", "")) for machine in machines} - {""}
    if len(types) == 1 or (not types and one.type):
        count = float(one.attributes.get("DesiredCapacity") or len(machines) or 1)
        yield _subject(one, Kind.GROUP, one.ref.id, types.pop() if types else one.type, one.attributes, count)


def container(
    account: str, region: str, names: tuple[str, str, str], cores: float, gib: float, started_ms: int = 0
) -> Subject:
    """A container by its namespace, pod and name, with what it asks for, and when its pod was started."""
    id_ = "/".join(names)
    given = {"cores": cores, "gib": gib, "LaunchTime": started_ms}
    path = f"local/{account}/{region}/container/{id_}"
    return Subject(path, Kind.CONTAINER, id_, names[2], f"{cores:g}/{gib:g}", account, region, attributes=given)
