"""What a series is called, and what it belongs to: a service, a host or, failing both, its namespace."""

from msgspec import Struct

from trimtab.metrics.model import Series

_PLACES = (
    ("service", ("service.name", "service", "ServiceName", "endpoint", "model_name", "app")),
    ("GPU", ("gpu.uuid", "UUID", "gpu", "hw.id")),
    ("pod", ("k8s.pod.name", "pod", "PodName")),
    ("host", ("host.name", "host", "hostname", "Hostname", "node", "k8s.node.name", "InstanceId", "instance")),
    ("log group", ("LogGroup",)),
    ("job", ("job.id", "slurm.job.id", "jobid", "job")),
)
"""Dimensions that say what a thing is, by kind."""
_LONG, _MOST = 24, 2
"""Characters of a value that is still read as a name, and dimensions that a series is called by."""
_DULL = (
    "device",
    "service.instance.id",
    "service.name",
    "job",
    "modelname",
    "image",
    "container",
    "account",
    "region",
    "cluster",
)
_GROUPS = ("service", "host", "pod", "job", "GPU", "log group")


class Place(Struct, frozen=True):
    """What a series belongs to: a kind in plain words, and its name."""

    kind: str
    name: str

    @property
    def words(self) -> str:
        """`host gpu-3`."""
        return f"{self.kind} {self.name}" if self.kind else self.name


def place_of(series: Series) -> Place:
    """What `series` belongs to."""
    pairs = series.dimensions
    keys = dict(_PLACES)
    for kind in _GROUPS:
        for key in keys[kind]:
            if pairs.get(key):
                return Place(kind, pairs[key])
    return Place("namespace", series.identity.namespace) if series.identity.namespace else Place("", "no namespace")


def called(series: Series) -> str:
    """The metric, and the dimensions beside the one that names its place: `cpu.utilization (user)`."""
    place = place_of(series)
    hosts = {series.dimensions.get(key) for key in dict(_PLACES)["host"]}
    rest = [
        (key, value)
        for key, value in series.identity.dimensions
        if value not in (place.name, *hosts) and len(value) <= _LONG and not _is_dull(key)
    ]
    told = ", ".join(_told(key, value) for key, value in rest[:_MOST])
    return series.identity.name + (f" ({told})" if told else "")


def _told(key: str, value: str) -> str:
    """A value that speaks for itself, or a number with what it counts: `write`, `gpu 3`."""
    return value if not value.isdecimal() else f"{key.rpartition('.')[2]} {value}"


def _is_dull(key: str) -> bool:
    """Whether a dimension says of what make or origin something is, rather than which."""
    lowered = key.lower()
    return "version" in lowered or lowered in _DULL
