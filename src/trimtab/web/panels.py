"""Chart panels: a title and a metrics question, from which the links of the panel's menu follow."""

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.kpis.hosts import HOST, NAMESPACE
from trimtab.metrics.statistics import parse_statistic
from trimtab.web.investigate.about import investigation_of
from trimtab.web.metric_query import TOGETHER, Filter, MetricQuery
from trimtab.web.view import View, link

EXPLORER = "/explore/metrics"
AVERAGE = parse_statistic("Average")


class Panel(Struct, frozen=True):
    """A chart. `stacked` sums the lines up; `top` fixes the end of the y axis; `legend` is `line` or `table`."""

    title: str
    query: MetricQuery
    subtitle: str = ""
    stacked: bool = False
    top: float | None = None
    legend: str = "line"
    height: int = 190

    def source(self, view: View) -> str:
        """Where the chart reads its data."""
        return self._link(view, EXPLORER + ".json")

    def csv(self, view: View) -> str:
        """The same as CSV."""
        return self._link(view, EXPLORER + ".csv")

    def explore(self, view: View) -> str:
        """The same in the metrics explorer."""
        return self._link(view, EXPLORER)

    def investigate(self, view: View) -> str:
        """What happened in the time that it shows, to what it is about."""
        return investigation_of(replace(view, path=EXPLORER, parameters=tuple(self.query.parameters())), None)

    def _link(self, view: View, path: str) -> str:
        return link(path, [*self.query.parameters(), *view.window.parameters])


def host_metric(
    name: str,
    stat: str = "Average",
    *,
    host: str | None = None,
    group: tuple[str, ...] = (TOGETHER,),
    without: str = "",
) -> MetricQuery:
    """A question about the agent's metric `name`, of one `host` or of all; `without` is `dimension=value`."""
    where = [Filter(HOST, host)] if host is not None else []
    if without:
        key, _, value = without.partition("=")
        where.append(Filter(key, value, equal=False))
    return MetricQuery(((NAMESPACE, name),), parse_statistic(stat), tuple(where), group)


def machine_panels(host: str) -> list[Panel]:
    """The four charts that show one machine at a glance."""
    return [
        Panel(
            "CPU by mode",
            host_metric("system.cpu.utilization", host=host, group=("cpu.mode",), without="cpu.mode=idle"),
            subtitle="share of all cores",
            stacked=True,
            top=1,
        ),
        Panel(
            "Memory by state",
            host_metric("system.memory.usage", host=host, group=("system.memory.state",)),
            subtitle="all states add up to what is installed",
            stacked=True,
        ),
        Panel(
            "Network",
            host_metric(
                "system.network.io",
                "Rate",
                host=host,
                group=("network.io.direction",),
                without="network.interface.name=lo",
            ),
            subtitle="all interfaces but loopback",
        ),
        Panel(
            "Disk",
            host_metric("system.disk.io", "Rate", host=host, group=("disk.io.direction",)),
            subtitle="all devices",
        ),
    ]


def process_panel(host: str) -> Panel:
    """The processes of a host over time."""
    return Panel(
        "Busiest processes over time",
        host_metric("process.cpu.utilization", host=host, group=("process.executable.name", "process.pid")),
        subtitle="100 % is one core",
        legend="table",
    )


def fleet_panels() -> list[Panel]:
    """The same four questions over many hosts, one line a host."""
    return [
        Panel(
            "CPU in user mode by host",
            MetricQuery(((NAMESPACE, "system.cpu.utilization"),), AVERAGE, (Filter("cpu.mode", "user"),), (HOST,)),
            subtitle="share of all cores",
        ),
        Panel(
            "Memory used by host",
            MetricQuery(
                ((NAMESPACE, "system.memory.utilization"),), AVERAGE, (Filter("system.memory.state", "used"),), (HOST,)
            ),
            top=1,
        ),
        Panel(
            "Network by host",
            host_metric("system.network.io", "Rate", group=(HOST,), without="network.interface.name=lo"),
            subtitle="received and sent",
        ),
        Panel("Disk by host", host_metric("system.disk.io", "Rate", group=(HOST,)), subtitle="read and written"),
    ]


def host_panels(host: str) -> list[Panel]:
    """The further charts of a host's own page."""
    loads = tuple((NAMESPACE, f"system.cpu.load_average.{span}") for span in ("1m", "5m", "15m"))
    return [
        *machine_panels(host),
        Panel(
            "Load average",
            MetricQuery(loads, AVERAGE, (Filter(HOST, host),), (TOGETHER,)),
            subtitle="runnable and waiting threads",
        ),
        Panel("Swap", host_metric("system.paging.usage", host=host, group=("system.paging.state",)), stacked=True),
        Panel(
            "Network by interface",
            host_metric(
                "system.network.io", "Rate", host=host, group=("network.interface.name", "network.io.direction")
            ),
        ),
        Panel(
            "Disk by device",
            host_metric("system.disk.io", "Rate", host=host, group=("system.device", "disk.io.direction")),
        ),
    ]
