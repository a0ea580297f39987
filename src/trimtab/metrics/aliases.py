"""One meaning, many names: finds the series that carry a concept, whichever program sent them and in whatever year.

    found = find(registry, scope, "gpu.active")
    for one in found:  one.subject → "GPU-6e0e…", one.basis → "SM_ACTIVE", one.value(raw) → share from 0 to 1

The concepts and their names are a table, `concepts.py`. Of several names that tell the same of one subject the first in
the table's order is taken, so that nothing counts twice where an exporter and the agent both watch a GPU.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import NotFound
from trimtab.base.tags import Tags
from trimtab.metrics.concept import Alias, Concept, Form
from trimtab.metrics.concepts import CONCEPTS, LABELS
from trimtab.metrics.model import Kind, Series, SeriesQuery
from trimtab.metrics.registry import SeriesRegistry

_PORT = re.compile(r":\d+$")


class Found(Struct, frozen=True):
    """The series that carry a concept about one subject: `value` turns what they say into the concept's unit.

    `subject` is the GPU (its UUID, with `/<instance>` for a MIG instance; else host and index), the host, or the
    server with its model. A histogram of Prometheus is its `_bucket` series; `form` says how to read the series.
    """

    concept: Concept
    alias: Alias
    subject: str
    series: tuple[Series, ...]

    @property
    def basis(self) -> str:
        """What the name measures, where sources differ in that (`SM_ACTIVE`, `GPU_UTIL`); else the name."""
        return self.alias.basis or self.alias.name

    @property
    def form(self) -> Form:
        """How to read the series: their last value, their rate, their increase, or their distribution."""
        return self.alias.form

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the series."""
        return tuple(one.id for one in self.series)

    def value(self, raw: float) -> float:
        """A value that was read from the series (as `form` says) in the concept's unit."""
        return self.alias.offset + self.alias.scale * raw


def concept(name: str) -> Concept:
    """The concept of that name. Raises NotFound that lists the known ones."""
    known = CONCEPTS.get(name)
    if known is None:
        raise NotFound(f"cannot find concept {name!r}: expected one of {', '.join(sorted(CONCEPTS))}")
    return known


def find(
    registry: SeriesRegistry,
    scope: Scope,
    name: str,
    *,
    dimensions: Tags = (),
    active_since_ms: int | None = None,
) -> list[Found]:
    """Who tells of concept `name`: one for each subject, in their order. Raises NotFound for an unknown concept.

    `dimensions` are pairs that the series must have as they are; `active_since_ms` leaves out series that are silent
    since before, so that a name which a program gave up does not hide the one it took up.
    """
    wanted = concept(name)
    taken: dict[str, Found] = {}
    for alias in wanted.aliases:
        by_subject: dict[str, list[Series]] = {}
        for series in _series(registry, scope, alias, dimensions, active_since_ms):
            by_subject.setdefault(subject(wanted.about, series), []).append(series)
        for who, series_of in by_subject.items():
            if who not in taken:
                taken[who] = Found(wanted, alias, who, tuple(series_of))
    return [taken[who] for who in sorted(taken)]


def subject(about: str, series: Series) -> str:
    """What a series is about, the same text whichever program sent it; `about` is `gpu`, `host` or `server`."""
    dimensions = series.dimensions
    if about == "gpu":
        return _gpu(dimensions)
    if about == "host":
        return host(dimensions) or series.identity.resource
    where = label(dimensions, "pod") or label(dimensions, "server") or series.identity.resource
    model = label(dimensions, "model")
    return f"{where}/{model}" if model else where


def label(dimensions: Mapping[str, str], name: str) -> str:
    """The value of a dimension that goes by many names (`LABELS`); "" where there is none."""
    return next((value for key in LABELS[name] if (value := dimensions.get(key, ""))), "")


def host(dimensions: Mapping[str, str]) -> str:
    """The host that a series names, without the port of a scraped address."""
    return _PORT.sub("", label(dimensions, "host"))


def canonical(name: str) -> tuple[tuple[Concept, Alias], ...]:
    """The concepts that a metric's name may carry (several, where its labels decide)."""
    return _BY_NAME.get(name, ())


def _gpu(dimensions: Mapping[str, str]) -> str:
    instance = label(dimensions, "mig")
    uuid = label(dimensions, "gpu.uuid")
    whole = uuid or f"{host(dimensions)}/{label(dimensions, 'gpu.index')}"
    return f"{whole}/{instance}" if instance else whole


def _series(
    registry: SeriesRegistry, scope: Scope, alias: Alias, dimensions: Tags, active_since_ms: int | None
) -> Iterator[Series]:
    for name in names(alias):
        query = SeriesQuery(
            name=name,
            dimensions=(*dimensions, *alias.labels),
            dimension_names=alias.needs,
            active_since_ms=active_since_ms,
        )
        for series in registry.find(scope, query):
            if alias.form is Form.DISTRIBUTION and name == alias.name and series.identity.kind is not Kind.HISTOGRAM:
                continue  # a gauge of that name is not a distribution
            yield series


def names(alias: Alias) -> list[str]:
    """Every form in which the name is met: with `:` made `_`, and as the buckets of a Prometheus histogram."""
    forms = [alias.name]
    if ":" in alias.name:
        forms.append(alias.name.replace(":", "_"))
    if alias.form is Form.DISTRIBUTION:
        forms += [f"{form.replace('.', '_')}_bucket" for form in forms]
    return list(dict.fromkeys(forms))


def _by_name(concepts: Iterable[Concept]) -> dict[str, tuple[tuple[Concept, Alias], ...]]:
    found: dict[str, tuple[tuple[Concept, Alias], ...]] = {}
    for one in concepts:
        for alias in one.aliases:
            for name in names(alias):
                found[name] = (*found.get(name, ()), (one, alias))
    return found


_BY_NAME = _by_name(CONCEPTS.values())
