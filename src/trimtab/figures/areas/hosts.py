"""The figures of hosts: what their agents report."""

from trimtab.figures.model import Figure, Rollup

_SPARK = "now; the line beside it is of the range that is chosen"


def _host(id_: str, label: str, unit: str, formula: str, rollup: Rollup = Rollup.WHOLE) -> Figure:
    return Figure(
        id=id_, label=label, area="hosts", unit=unit, formula=formula, rollup=rollup, span=_SPARK, rows="/hosts"
    )


HOSTS = _host("hosts_up", "Hosts", "1", "hosts that reported in the last 90 s, of those seen in 7 days", Rollup.SUM)
CPU = _host("host_cpu", "CPU", "1", "1 − the idle share of all cores; of several hosts the mean")
MEMORY = _host("host_memory", "Memory", "1", "used ÷ all memory; of several hosts the mean")
DISK = _host("host_disk", "Fullest disk", "1", "used ÷ size of the fullest filesystem")
NETWORK = _host("host_network", "Network", "B/s", "received + sent of all interfaces but loopback", Rollup.SUM)
RECEIVED = _host("host_received", "Received", "B/s", "received on all interfaces but loopback", Rollup.SUM)
SENT = _host("host_sent", "Sent", "B/s", "sent on all interfaces but loopback", Rollup.SUM)
UP = _host("host_up", "Up", "s", "time since the host started")

FIGURES = (HOSTS, CPU, MEMORY, DISK, NETWORK, RECEIVED, SENT, UP)
