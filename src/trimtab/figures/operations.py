"""Figures of hosts, runs, endpoints and what arrives: those that no room of figures declares."""

from trimtab.figures.model import Figure, Rollup

_NOW = "now: the newest report, whatever range is chosen"
_SPARK = "now; the line beside it is of the range that is chosen"


def _host(id_: str, label: str, unit: str, formula: str, rollup: Rollup = Rollup.WHOLE) -> Figure:
    return Figure(
        id=id_, label=label, area="hosts", unit=unit, formula=formula, rollup=rollup, span=_SPARK, rows="/hosts"
    )


HOSTS = (
    _host("hosts_up", "Hosts", "1", "hosts that reported in the last 90 s, of those seen in 7 days", Rollup.SUM),
    _host("host_cpu", "CPU", "1", "1 − the idle share of all cores; of several hosts the mean"),
    _host("host_memory", "Memory", "1", "used ÷ all memory; of several hosts the mean"),
    _host("host_disk", "Fullest disk", "1", "used ÷ size of the fullest filesystem"),
    _host("host_network", "Network", "B/s", "received + sent of all interfaces but loopback", Rollup.SUM),
    _host("host_received", "Received", "B/s", "received on all interfaces but loopback", Rollup.SUM),
    _host("host_sent", "Sent", "B/s", "sent on all interfaces but loopback", Rollup.SUM),
    _host("host_up", "Up", "s", "time since the host started"),
)
ARRIVING = Figure(
    id="rows_arriving", label="Arriving", area="data", unit="1/s", rollup=Rollup.SUM, span=_NOW, rows="/sources",
    formula="rows a second that doors acknowledged, Σ over sources",
)  # fmt: skip
AGE = Figure(
    id="data_age", label="Age of the data", area="data", unit="s", rollup=Rollup.NEWEST, span=_NOW, rows="/sources",
    formula="now − when anything last arrived",
)  # fmt: skip
RUNS = (
    Figure(id="runs", label="Runs", area="runs", unit="1", rollup=Rollup.SUM, rows="/runs",
           formula="runs that waited or ran at any time of the range"),
    Figure(id="runs_running", label="Running", area="runs", unit="1", rollup=Rollup.SUM, span=_NOW, rows="/runs",
           formula="runs that hold GPUs now"),
    Figure(id="pending_gpu_hours", label="Waited for", area="runs", unit="h", rollup=Rollup.SUM, rows="/runs",
           formula="Σ over runs: GPUs asked for × time pending within the range"),
    Figure(id="wait_p95", label="Slowest wait, p95", area="runs", unit="s", rollup=Rollup.WHOLE, rows="/runs",
           formula="of the team and reason that waited longest: p95 of submission to start of runs that started"),
    Figure(id="run_wait", label="Waited", area="runs", unit="s", rollup=Rollup.WHOLE, rows="/runs",
           span="the whole life of the run", formula="from submission to start, until now where it has not started"),
    Figure(id="run_active_share", label="Active", area="runs", unit="1", rollup=Rollup.RATIO, rows="/runs",
           formula="active ÷ held, of the hours whose activity is measured",
           span="the range that is chosen, in lists; the whole life of the run, on its own page"),
    Figure(id="gpus_held", label="GPUs", area="endpoints", unit="1", rollup=Rollup.SUM, rows="/hosts?show=gpus",
           span="the end of the range", formula="GPUs that the group's workloads hold"),
)  # fmt: skip

OPERATIONS = (*HOSTS, ARRIVING, AGE, *RUNS)
