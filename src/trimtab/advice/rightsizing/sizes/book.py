"""The options of any subject: by its kind, its type and where it is."""

from dataclasses import dataclass, field

from trimtab.advice.rightsizing.model import Kind, Option, Subject
from trimtab.advice.rightsizing.sizes.fargate import fargate
from trimtab.advice.rightsizing.sizes.instances import InstanceSizes
from trimtab.advice.rightsizing.sizes.requests import requests
from trimtab.advice.rightsizing.sizes.volumes import volumes
from trimtab.inventory.catalog.instance_prices import database_system

_PREFIX = {Kind.ENDPOINT: "ml.", Kind.DATABASE: "db."}


@dataclass(frozen=True)
class Sizes:
    """Options, remembered by what they depend on."""

    instances: InstanceSizes
    _known: dict[tuple[str, ...], list[Option]] = field(default_factory=dict)

    def of(self, subject: Subject) -> list[Option]:
        """The options for a subject, its own first; none where it is not known what it has."""
        key = self.key(subject)
        if key not in self._known:
            self._known[key] = self._made(subject)
        return self._known[key]

    def key(self, subject: Subject) -> tuple[str, ...]:
        """What the options of a subject depend on: subjects of one key are a fleet."""
        return (subject.kind, subject.type, subject.region, subject.system, _system(subject))

    def _made(self, subject: Subject) -> list[Option]:
        given = subject.attributes
        match subject.kind:
            case Kind.VOLUME:
                return volumes(given, subject.region)
            case Kind.SERVICE:
                return fargate(int(given.get("cpu") or 0), int(given.get("memory") or 0), subject.region)
            case Kind.CONTAINER:
                return requests(float(given.get("cores") or 0.0), float(given.get("gib") or 0.0))
            case Kind.FUNCTION:
                return []
        windows = "windows" in subject.system.lower()
        prefix = _PREFIX.get(subject.kind, "")
        return self.instances.of(subject.type, subject.region, windows=windows, prefix=prefix, system=_system(subject))


def _system(subject: Subject) -> str:
    """What the price of a database depends on beside its type."""
    if subject.kind is not Kind.DATABASE:
        return ""
    given = subject.attributes
    return database_system(str(given.get("Engine", "")), multi_zone=bool(given.get("MultiAZ")))
