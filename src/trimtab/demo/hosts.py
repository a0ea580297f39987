"""Host metrics of every node, as trimtab's own agent sends them: OpenTelemetry names in the namespace trimtab/Host."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from trimtab.demo import noise
from trimtab.demo.company import REGION, TRAINING, Node
from trimtab.demo.feed import Moment
from trimtab.demo.noise import Floats, Times
from trimtab.demo.otlp import Metric, Series, metric, resource
from trimtab.demo.runs import LOADER_BOUND
from trimtab.demo.world import World

_SYSTEM, _TOOLS = "/", "/opt/dlami/nvme"
_ROOT_BYTES = 200 * 10**9
_NS_A_MS = 1_000_000


class _Row(Struct, frozen=True):
    """A metric with its values, a row a node."""

    name: str
    unit: str
    attributes: tuple[tuple[str, str], ...]
    values: Floats
    counter: bool = False


class HostFeed:
    """The agents of all nodes."""

    def __init__(self, world: World) -> None:
        self._world = world
        nodes = world.company.nodes
        self._keys = noise.keys_of(world.seed, "host", (node.name for node in nodes))
        self._scratch = noise.keys_of(world.seed, "scratch", (node.name for node in nodes))
        self._cpus, self._memory, self._disk, self._network = (
            np.array([[getattr(node.machine, name)] for node in nodes], float)
            for name in ("cpus", "memory", "disk", "network")
        )
        age = noise.chance(self._keys, 1) * 50 + 16
        self._boot_ms = [world.anchor_ms - round(days * 86_400_000) for days in age[:, 0].tolist()]
        self._resources = [resource(_attributes(node)) for node in nodes]
        self._series: dict[str, Series] = {}

    def requests(self, moment: Moment) -> Iterator[tuple[str, bytes, int]]:
        """(account, ResourceMetrics, points) of each node."""
        rows = list(self._rows(moment))
        times = moment.slab.times
        for number, node in enumerate(self._world.company.nodes):
            found = [self._metric(number, row, times) for row in rows]
            body = self._resources[number].with_metrics(found)
            yield node.account.id, body, len(rows) * len(times)

    def _metric(self, number: int, row: _Row, times: Times) -> Metric:
        start = self._boot_ms[number] if row.counter else None
        key = f"{row.name}{row.attributes}{start}"
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(row.name, row.unit, row.attributes, start)
        return metric(series, times, row.values[number])

    def _rows(self, moment: Moment) -> Iterator[_Row]:
        busy = self._busy(moment)
        yield from self._processors(moment, busy)
        yield from self._memory_of(moment, busy)
        yield from self._traffic(moment, busy)
        times = moment.slab.times
        full = self._fullness(times)
        for mount, share in full.items():
            yield _Row("system.filesystem.utilization", "1", (("system.filesystem.mountpoint", mount),), share)
        uptime = (times[None, :] - np.array(self._boot_ms)[:, None]) / 1000.0
        yield _Row("system.uptime", "s", (), uptime)
        if moment.slab.fine:
            yield from self._space(full)
            yield from self._processes(moment, busy)
            yield from self._agent(moment)

    def _busy(self, moment: Moment) -> Floats:
        """The share of the processors that a node uses: its GPUs' data loaders and servers, and the system."""
        mean = self._mean(moment.activity.sm)
        times = moment.slab.times
        wave = 0.04 * noise.drift(self._keys, times, 1500) + 0.015 * noise.white(self._keys, times)
        level = 0.12 + 0.35 * noise.chance(self._keys, 2)
        return np.clip(0.03 + mean * level + wave * (0.3 + mean), 0.004, 0.98)

    def _stalled(self, times: Times) -> Floats:
        """What processors wait for disks, beyond the usual: on nodes whose run waits for its data loader."""
        rows = {node.name: number for number, node in enumerate(self._nodes)}
        waits = np.zeros((len(rows), len(times)))
        for run in self._world.active_runs(int(times[0]), int(times[-1])):
            if run.name.startswith(LOADER_BOUND):
                for node in run.nodes:
                    waits[rows[node.name]] += 0.14 * ((times >= run.start_ms) & (times < run.end_ms))
        return np.minimum(waits, 0.3)

    def _mean(self, of_gpus: Floats) -> Floats:
        """The mean over the GPUs of each node."""
        return np.array([of_gpus[node.gpus].mean(0) for node in self._nodes])

    @property
    def _nodes(self) -> tuple[Node, ...]:
        return self._world.company.nodes

    def _processors(self, moment: Moment, busy: Floats) -> Iterator[_Row]:
        waiting = 0.01 + 0.01 * noise.chance(self._keys, 3)
        stalled = self._stalled(moment.slab.times)
        shares = {"user": busy * 0.82, "system": busy * 0.17, "iowait": busy * waiting + stalled}
        shares["idle"] = np.maximum(1 - busy * (0.99 + waiting) - stalled, 0.0)
        for mode, share in shares.items():
            yield _Row("system.cpu.utilization", "1", (("cpu.mode", mode),), np.round(share, 5))
        yield _Row("system.cpu.load_average.1m", "{thread}", (), np.round(busy * self._cpus * 1.08, 2))
        yield _Row("system.cpu.logical.count", "{cpu}", (), np.broadcast_to(self._cpus, busy.shape))

    def _memory_of(self, moment: Moment, busy: Floats) -> Iterator[_Row]:
        used = np.clip(
            0.05
            + 0.3 * self._mean(moment.activity.memory)
            + 0.2 * busy
            + 0.02 * noise.drift(self._keys, moment.slab.times, 7200),
            0.03,
            0.96,
        )
        cached = np.minimum(0.28, 0.98 - used)
        yield _Row("system.memory.limit", "By", (), np.broadcast_to(self._memory, busy.shape))
        states = {"used": used, "cached": cached, "free": 1 - used - cached}
        for state, share in states.items():
            attributes = (("system.memory.state", state),)
            yield _Row("system.memory.usage", "By", attributes, np.round(share * self._memory))
        yield _Row("system.memory.utilization", "1", (("system.memory.state", "used"),), np.round(used, 5))

    def _traffic(self, moment: Moment, busy: Floats) -> Iterator[_Row]:
        step, totals = moment.slab.step_s, moment.totals
        for way, share in (("receive", 0.011), ("transmit", 0.007)):
            rates = self._network * share * busy + 4e4
            attributes = (("network.interface.name", "ens32"), ("network.io.direction", way))
            yield _Row("system.network.io", "By", attributes, totals.grow(f"host.net.{way}", rates, step), True)
        for way, share in (("read", 3.2e9), ("write", 0.5e9)):
            rates = share * busy * (0.2 + noise.chance(self._keys, 4)) + 2e4
            attributes = (("system.device", "nvme1n1"), ("disk.io.direction", way))
            yield _Row("system.disk.io", "By", attributes, totals.grow(f"host.disk.{way}", rates, step), True)

    def _fullness(self, times: Times) -> dict[str, Floats]:
        """Shares used: the system disk barely moves, the scratch disk fills up and is cleaned."""
        root = 0.38 + 0.3 * noise.chance(self._keys, 5) + 0.004 * noise.drift(self._keys, times, 86_400)
        scratch: Floats = np.clip(0.55 + 0.4 * noise.drift(self._scratch, times, 4 * 86_400), 0.02, 0.97)
        return {_SYSTEM: np.round(root, 5), _TOOLS: np.round(scratch, 5)}

    def _space(self, full: dict[str, Floats]) -> Iterator[_Row]:
        sizes = {_SYSTEM: np.full_like(self._disk, _ROOT_BYTES), _TOOLS: self._disk}
        for mount, device in ((_SYSTEM, "/dev/nvme0n1p1"), (_TOOLS, "/dev/md0")):
            place = (("system.device", device), ("system.filesystem.mountpoint", mount))
            for state, share in (("used", full[mount]), ("free", 1 - full[mount])):
                attributes = (*place, ("system.filesystem.state", state))
                yield _Row("system.filesystem.usage", "By", attributes, np.round(share * sizes[mount]))

    def _processes(self, moment: Moment, busy: Floats) -> Iterator[_Row]:
        for status, share in (("running", 0.2), ("sleeping", 4.0)):
            number = np.round(20 + self._cpus * share * (0.5 + busy))
            yield _Row("system.processes.count", "{process}", (("status", status),), number)
        shares = (
            ("dcgm-exporter", 1402, 0.0006, 0.0002),
            ("containerd", 988, 0.002, 0.0004),
            ("python3", 21_377, 0.85, 0.9),
        )
        used = 0.09 + 0.5 * busy
        for name, pid, processor, memory in shares:
            who = (("process.executable.name", name), ("process.pid", str(pid)))
            yield _Row("process.cpu.utilization", "1", who, np.round(busy * self._cpus * processor, 4))
            yield _Row("process.memory.usage", "By", who, np.round(used * self._memory * memory))

    def _agent(self, moment: Moment) -> Iterator[_Row]:
        """What the agent itself costs its node."""
        white = noise.white(self._keys, moment.slab.times)
        yield _Row("trimtab.agent.cpu.utilization", "1", (), np.round(0.006 + 0.001 * white, 5))
        yield _Row("trimtab.agent.memory.usage", "By", (), np.round(41e6 + 0.4e6 * white))
        yield _Row("trimtab.agent.spool.bytes", "By", (), np.round(2000 + 1500 * white))


def _attributes(node: Node) -> dict[str, str]:
    kubernetes = {} if node.account is TRAINING else {"k8s.cluster.name": node.account.cluster}
    return {
        "service.namespace": "trimtab",
        "service.name": "Host",
        "service.instance.id": node.instance_id,
        "host.name": node.name,
        "host.id": node.instance_id,
        "host.type": node.machine.type,
        "os.type": "linux",
        "cloud.provider": "aws",
        "cloud.account.id": node.account.id,
        "cloud.region": REGION,
        **kubernetes,
    }
