"""Which machines are bad: drained and down nodes, faults of GPUs with what they cost, lemons, and what to do."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Table, moneys, time_text
from trimtab.assistants.tool import Parts, Tool
from trimtab.assistants.words import End, Start, Text
from trimtab.client.api import Client
from trimtab.client.fleet import Fleet
from trimtab.client.fleet_wire import FleetRemark
from trimtab.client.health_wire import CostedHours, FleetHealth
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import ClusterNode
from trimtab.client.wire import Host


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """Which machines, and since when."""

    machine: Annotated[Text, Meta(description="Only this one, by name.")] = ""
    cluster: Text = ""
    start: Start = "-30d"
    end: End = "now"


def _run(client: Client, asked: Arguments) -> Answer:
    parts, fleet = Parts(), Fleet(client)
    nodes: list[ClusterNode] = parts.of("nodes", lambda: Inventory(client).nodes(asked.cluster), [])
    hosts: list[Host] = parts.of("hosts", client.hosts, [])
    health: FleetHealth | None = parts.of("GPU health", lambda: fleet.health(start=asked.start, end=asked.end), None)
    remarks: list[FleetRemark] = parts.of(
        "remarks", lambda: fleet.remarks(start=asked.start, end=asked.end).remarks, []
    )
    bad = [
        (one.name, one.cluster, one.condition, one.reason, one.gpus, one.gpu_type)
        for one in nodes
        if one.condition != "up" and _is(asked, one.name)
    ]
    silent = [(one.name, time_text(one.last_seen_ms)) for one in hosts if not one.up and _is(asked, one.name)]
    faults = [one for one in (health.faults if health else ()) if _is(asked, one.machine)]
    due = [one for one in (health.actions if health else ()) if _is(asked, one.machine)]
    rated = [one for one in (health.machines if health else ()) if one.incidents and _is(asked, one.machine)]
    total: dict[str, object] = {
        "nodes": sum(_is(asked, one.name) for one in nodes),
        "nodes_not_up": len(bad),
        "hosts_silent": len(silent),
        "faults": len(faults),
        "lemons": sum(one.lemon for one in rated),
    }
    if health is not None and not asked.machine:
        total |= {"lost_to_faults": _costed(health.lost), "lost_at_most": _costed(health.at_most),
                  "down": _costed(health.down)}  # fmt: skip
    return Answer(
        page="/gpu-health",
        total=total,
        basis="nodes as schedulers report them now; faults by NVIDIA's catalogue of XIDs; lost is work since the last "
        "checkpoint, down is what stood still after. They are of different hours and are never added",
        period=(health.start_ms, health.end_ms) if health else None,
        notes=parts.check(),
        tables=[
            Table(name="not_up", columns=("node", "cluster", "condition", "reason", "gpus", "gpu_type"), rows=bad),
            Table(
                name="due",
                columns=("action", "machine", "gpu", "why", "command"),
                rows=[(one.action, one.machine, one.device, one.why, one.command) for one in due],
            ),
            Table(
                name="faults",
                columns=("machine", "gpu", "fault", "meaning", "severity", "effect", "run", "team", "at"),
                rows=[
                    (one.machine, one.device, one.fault, one.meaning, one.severity, one.effect, one.run, one.team,
                     time_text(one.at_ms))
                    for one in faults
                ],
                keep=20,
            ),
            Table(
                name="rates",
                columns=("machine", "incidents", "gpu_days", "a_gpu_day", "lemon"),
                rows=[(one.machine, one.incidents, round(one.gpu_days, 1), one.rate, one.lemon) for one in rated],
                keep=10,
            ),
            Table(
                name="clocks_held_down",
                columns=("run", "name", "reason", "machines", "share_of_time"),
                rows=[
                    (one.run, one.run_name, one.reason, ", ".join(one.machines[:8]), one.share)
                    for one in (health.slowed if health else ()) if one.slowed
                ],
                keep=5,
            ),
            Table(name="silent", columns=("host", "last_seen"), rows=silent, keep=10),
            Table(
                name="remarks",
                columns=("machine", "remark", "since"),
                rows=[(one.machine, one.text, time_text(one.start_ms)) for one in remarks if _is(asked, one.machine)],
                keep=5,
            ),
        ],
    )  # fmt: skip


def _is(asked: Arguments, name: str) -> bool:
    """Whether a machine, by its name or path, is the one that is asked about."""
    return not asked.machine or asked.machine in (name, name.rpartition("/")[2])


def _costed(hours: CostedHours) -> dict[str, object]:
    return {"gpu_hours": round(hours.gpu_hours, 1), "cost": moneys(hours.cost)}


TOOL = Tool(
    name="nodes",
    title="Machines and their health",
    about="Which node is bad: nodes that are drained, down or silent, GPU faults (XIDs) with their meaning and runs "
    "that they ended, machines that fail more than the fleet (lemons), and what to cordon, drain, reset or return.",
    arguments=Arguments,
    run=_run,
)
