"""From names and attributes to series: the identity of an OTLP series, and what is remembered of those met before."""

from collections.abc import Mapping

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import make_tags
from trimtab.doors.otlp.origin import Origin, origin_of
from trimtab.doors.otlp.request import Request, Shape, Temporality
from trimtab.doors.protobuf.series_cache import Caches
from trimtab.inventory.resolver import resolve
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.registry import SeriesRegistry

NO_UNIT = "None"  # metrics.model's word for a unit that was not given
_MAX_ORIGINS = 20_000  # resources remembered: a fleet's processes; 1 kB each
_MAX_DISTRIBUTIONS = 200_000  # series of histograms and summaries remembered; some hundred bytes each

DistributionKey = tuple[bytes, str, str, int, bytes, str]


class Tenant(Struct):
    """What is remembered of one account. A memory that is full starts anew."""

    account: str
    region: str
    caches: Caches = field(default_factory=Caches)
    distributions: dict[DistributionKey, int] = field(default_factory=dict)
    _origins: dict[tuple[bool, bytes], Origin] = field(default_factory=dict)

    def origin(self, request: Request, resource: int) -> Origin:
        """The origin of one of the request's resources. Raises InvalidInput for attributes that cannot be read."""
        key = (request.binary, request.resource_key(resource))
        known = self._origins.get(key)
        if known is None:
            known = origin_of(request.resource(resource))
            if len(self._origins) >= _MAX_ORIGINS:
                self._origins.clear()
            self._origins[key] = known
        return known

    def remember(self, key: DistributionKey, series: int) -> None:
        """Keep the id of a distribution's series."""
        if len(self.distributions) >= _MAX_DISTRIBUTIONS:
            self.distributions.clear()
        self.distributions[key] = series


def kind_of(shape: int, temporality: int, monotonic: bool) -> Kind:
    """What the points of a metric mean. Raises InvalidInput for a sum or histogram that does not say what it counts."""
    if shape == Shape.GAUGE:
        return Kind.GAUGE
    if shape == Shape.NOTHING:
        raise InvalidInput("a metric has no data")
    if temporality not in (Temporality.DELTA, Temporality.CUMULATIVE) and shape != Shape.SUMMARY:
        raise InvalidInput("a sum or histogram has no aggregation temporality; expected delta or cumulative")
    if shape != Shape.SUM:
        return Kind.HISTOGRAM
    if temporality == Temporality.DELTA:
        return Kind.EVENTS
    return Kind.COUNTER if monotonic else Kind.GAUGE


def register(
    registry: SeriesRegistry,
    tenant: Tenant,
    origin: Origin,
    name: str,
    unit: str,
    kind: Kind,
    attributes: Mapping[str, str],
) -> int:
    """The id of a series. Raises InvalidInput for a metric without a name."""
    if not name:
        raise InvalidInput("a metric has no name")
    resource = resolve({**origin.attributes, **attributes}, tenant.account, tenant.region).path
    dimensions = make_tags({**origin.dimensions, **attributes})
    return registry.add(
        Identity(tenant.account, tenant.region, origin.namespace, name, dimensions, unit or NO_UNIT, kind, resource)
    )
