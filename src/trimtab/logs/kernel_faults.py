"""What kernel-log lines tell of GPUs and NVSwitches becomes metrics, whatever door the lines came in by.

`gpu.faults` counts lines by machine, device and code (`error.type`: `xid.79`, `sxid.20034`); `gpu.fault.xid` is the
number of an XID; `gpu.fault.down` is 1 where the line takes the GPU out of use, and 0 where the driver says that it is
well again. They are named as the GPU's other series are, where any of these tells its place on the PCI bus.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence

from trimtab.base import typed
from trimtab.base.tags import Tags, make_tags
from trimtab.gpu_faults import catalogue
from trimtab.gpu_faults.catalogue import RECOVERY_CHANGED, Takes
from trimtab.gpu_faults.lines import Follower, KernelLine, Kind
from trimtab.logs.filters.emission import Emit, Measured
from trimtab.logs.model import LogBatch, LogEvent

NAMESPACE = "trimtab/Host"
COUNT, XID, DOWN = "gpu.faults", "gpu.fault.xid", "gpu.fault.down"
Labels = dict[str, str]
NamesGpu = Callable[[str, str, str], Labels]
"""The labels of the GPU at a place on the bus of a host, in an account: (account, host, bus id); empty for none."""
_HOST_KEYS = ("host.name", "k8s.node.name", "hostname", "host")
_SYSLOG = re.compile(
    r"^(?:<\d+>)?\d?\s*(?:[A-Z][a-z]{2} +\d+ [\d:]{8}|\d{4}-\d\d-\d\dT\S+)\s+(?P<host>[^\s:\[\]]+)\s+kernel\b"
)
_MOST_STREAMS = 1_000
"""Streams of which it is remembered that a message goes on in the next line."""


WORDS = ("Xid (", "NVRM: ", "fallen off the bus")
"""One of which is in every line that tells of a GPU or NVSwitch."""


class KernelFaults:
    """A tap of the ingest, for lines with one of WORDS."""

    def __init__(self, emit: Emit, names: NamesGpu) -> None:
        self._emit = emit
        self._names = names
        self._followers: OrderedDict[int, Follower] = OrderedDict()

    async def __call__(self, batches: Sequence[LogBatch]) -> None:
        """Emit what the lines of `batches` tell. Raises what the port raises."""
        counted: Counter[tuple[str, str, str, Tags, int, float]] = Counter()
        for batch in batches:
            place = batch.group.account, batch.group.region
            for event in batch.events:
                text = event.message
                if any(word in text for word in WORDS):
                    line = self._follower(batch.stream.id).read(text)
                    for name, tags, value in self._points(line, event, batch):
                        counted[(*place, name, tags, event.time_ms, value)] += 1
        if counted:
            await self._emit([_measured(*point, count) for point, count in counted.items()])

    def _follower(self, stream: int) -> Follower:
        follower = self._followers.pop(stream, None) or Follower()
        self._followers[stream] = follower
        if len(self._followers) > _MOST_STREAMS:
            self._followers.popitem(last=False)
        return follower

    def _points(self, line: KernelLine, event: LogEvent, batch: LogBatch) -> Iterator[tuple[str, Tags, float]]:
        if line.kind not in (Kind.XID, Kind.SXID) or line.code is None:
            return
        host = host_of(event, batch.stream.name)
        about: Labels = {"host.name": host, "gpu.pci.bus_id": line.bus_id, "hw.id": line.bus_id}
        if line.kind is Kind.XID:
            about |= self._names(batch.group.account, host, line.bus_id)
        tags = make_tags({name: value for name, value in about.items() if value})
        yield COUNT, make_tags({**dict(tags), "error.type": f"{line.kind}.{line.code}"}), 1.0
        if line.kind is Kind.XID:
            yield XID, tags, float(line.code)
            if line.takes is Takes.YES or line.code in catalogue.down_while_idle():
                yield DOWN, tags, 1.0
            elif line.code == RECOVERY_CHANGED and line.recovery:
                yield DOWN, tags, 0.0


def _measured(account: str, region: str, name: str, tags: Tags, time_ms: int, value: float, count: int) -> Measured:
    unit = "Count" if name == COUNT else ""
    return Measured(account, region, NAMESPACE, name, unit, tags, time_ms, value, count)


def host_of(event: LogEvent, stream: str) -> str:
    """The machine that a line comes from: by its attributes, else as the line names it, else by its stream."""
    named = next((event.attributes[key] for key in _HOST_KEYS if event.attributes.get(key)), "")
    if named:
        return named
    if event.message.lstrip().startswith("{"):
        try:
            record = typed.loads(event.message)
        except ValueError:
            record = None
        if isinstance(record, dict) and isinstance(record.get("_HOSTNAME"), str):
            return str(record["_HOSTNAME"])
    syslog = _SYSLOG.match(event.message)
    return syslog["host"] if syslog else stream.partition("/")[0]
