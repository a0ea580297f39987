"""`trimtab scaling`: targets that are scaled, what was decided and why, guard rails, and what is broken on purpose."""

from pathlib import Path
from typing import Any

import click
import msgspec

from trimtab.base import typed
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import scaling_engine_wire as wire
from trimtab.client.scaling_engine import ScalingEngine

_HEADS = ("target", "mode", "ready", "desired", "min", "max", "wanted", "spent", "last decision")
_RIGHT = _HEADS[2:8]


@click.group()
def scaling() -> None:
    """Scale targets: observe, then dry-run, then act. Names are a target's id, its resource, or the end of that."""


@scaling.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the targets and what was decided last."""
    with connection.client() as client:
        found = ScalingEngine(client).listed()
    if as_json:
        print_json(found)
        return
    print_table(_HEADS, [_row(one) for one in found], right=_RIGHT)
    if not found:
        remark("no target yet: `trimtab scaling put`, RegisterScalableTarget, or a pool in TRIMTAB_SCALING_FILE")


def _row(one: wire.Target) -> tuple[object, ...]:
    standing, decision = one.standing, one.decision
    spent = f"{decision.spent} {one.guards.currency}" if one.guards.price_per_hour else ""
    return (
        f"{one.namespace}/{one.resource}", one.mode, standing.ready if standing else "?",
        standing.desired if standing else "?", one.least, one.most,
        "" if decision.wanted is None else decision.wanted, spent, decision.problem or decision.why or "none yet",
    )  # fmt: skip


@scaling.command("show")
@click.argument("target")
@json_option
@server_options
def show(connection: Connection, target: str, as_json: bool) -> None:
    """Show a target: how it stands, its policies, guard rails, and what the loss of a replica would do."""
    with connection.client() as client:
        engine = ScalingEngine(client)
        found = engine.get(engine.find(target).id)
    if as_json:
        print_json(found)
        return
    own = found.target
    print_table(_HEADS, [_row(own)], right=_RIGHT)
    if own.standing is not None:
        _show_standing(own, own.standing)
    rows = [(one.name, one.kind, msgspec.json.encode(one.document).decode()) for one in found.policies]
    print_table(("policy", "kind", "settings"), rows)
    for name, words in own.decision.reasons.items():
        remark(f"{name}: {words}")
    for promise in own.decision.promises:
        remark(f"{promise.policy}: {promise.words}")
    for words in own.decision.limited.values():
        remark(f"guard rail: {words}")
    for one in found.proposals:
        if one.verdict == "open":
            remark(f"waits for approval ({one.id}): {one.before} to {one.after}; {one.cause}")


def _show_standing(own: wire.Target, standing: wire.Standing) -> None:
    if standing.owner:
        remark(f"{standing.owner} owns it: it is never written to")
    if standing.problem:
        remark(standing.problem)
    if standing.url:
        remark(f"its proxy listens on {standing.url}")
    if standing.workers:
        rows = [(one.name, one.zone, one.life, one.serving, one.port) for one in standing.workers]
        print_table(("worker", "zone", "state", "requests", "port"), rows, right=("requests", "port"))
    for words in own.felt:
        remark(f"N+1: {words}")


@scaling.command("activities")
@click.argument("target", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many at most.")
@json_option
@server_options
def activities(connection: Connection, target: str | None, limit: int, as_json: bool) -> None:
    """List what was done, or would have been, and why."""
    with connection.client() as client:
        engine = ScalingEngine(client)
        found = engine.activities(engine.find(target).id if target else "", limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (iso(one.start_ms // 1000 * 1000), one.label, one.did, one.status, one.description, one.cause) for one in found
    ]
    print_table(("when", "target", "what", "status", "description", "cause"), rows)


@scaling.command("put")
@click.argument("namespace")
@click.argument("resource")
@click.option("--min", "least", type=click.IntRange(0, 100_000), help="Fewest replicas.")
@click.option("--max", "most", type=click.IntRange(0, 100_000), help="Most replicas.")
@click.option("--dimension", default="", help="Scalable dimension.  [default: the namespace's]")
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="JSON with guards, service and suspended, as `show --json` prints them.")  # fmt: skip
@server_options
def put(
    connection: Connection, namespace: str, resource: str, least: int | None, most: int | None, dimension: str,
    path: Path | None,
) -> None:  # fmt: skip
    """Register a target, or change it."""
    given: dict[str, Any] = _json(path) if path else {}
    known = {"guards", "service", "suspended"}
    if set(given) - known:
        raise InvalidInput(f"cannot read {path}: unknown {sorted(set(given) - known)[0]!r}; expected {sorted(known)}")
    asked = {"namespace": namespace, "resource": resource, "dimension": dimension, "least": least, "most": most}
    with connection.client() as client:
        made = ScalingEngine(client).put(_typed({**asked, **given}, wire.PutTarget))
    remark(f"{made.namespace}/{made.resource} is {made.id}, mode {made.mode}")


@scaling.command("remove")
@click.argument("target")
@server_options
def remove(connection: Connection, target: str) -> None:
    """Deregister a target; its replicas stay as they are."""
    with connection.client() as client:
        engine = ScalingEngine(client)
        remark(f"removed {engine.remove(engine.find(target).id).removed}")


@scaling.command("policy")
@click.argument("target")
@click.argument("name")
@click.option(
    "--kind", help="TargetTrackingScaling, StepScaling, PredictiveScaling, Portfolio, Quantile, Objective, ToZero."
)
@click.option("--settings", "document", default="{}", help="Its configuration as JSON, or @FILE.")
@click.option("--delete", is_flag=True, help="Delete the policy.")
@server_options
def policy(connection: Connection, target: str, name: str, kind: str | None, document: str, delete: bool) -> None:
    """Make, replace or delete a policy of a target."""
    with connection.client() as client:
        engine = ScalingEngine(client)
        id_ = engine.find(target).id
        if delete:
            remark(f"removed {engine.remove_policy(id_, name).removed}")
            return
        if not kind:
            raise InvalidInput("a policy needs --kind")
        settings = _json(Path(document[1:])) if document.startswith("@") else _parsed(document.encode(), "--settings")
        remark(f"put {engine.put_policy(id_, name, kind, settings).arn}")


@scaling.command("schedule")
@click.argument("target")
@click.argument("name")
@click.option("--at", "schedule", help="rate(…), cron(…) or at(…).")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of cron and at.")
@click.option("--min", "least", type=click.IntRange(0, 100_000), help="The minimum from then on.")
@click.option("--max", "most", type=click.IntRange(0, 100_000), help="The maximum from then on.")
@click.option("--delete", is_flag=True, help="Delete the scheduled action.")
@server_options
def schedule(
    connection: Connection, target: str, name: str, schedule: str | None, zone: str, least: int | None,
    most: int | None, delete: bool,
) -> None:  # fmt: skip
    """Make, replace or delete a scheduled action of a target."""
    with connection.client() as client:
        engine = ScalingEngine(client)
        id_ = engine.find(target).id
        if delete:
            remark(f"removed {engine.remove_schedule(id_, name).removed}")
            return
        if not schedule:
            raise InvalidInput("a scheduled action needs --at")
        made = engine.put_schedule(id_, name, wire.PutSchedule(schedule=schedule, zone=zone, least=least, most=most))
        remark(f"next at {iso(made.next_ms)}" if made.next_ms else "never due again")


@scaling.command("mode")
@click.argument("target")
@click.argument("mode", type=click.Choice(["observe", "dry-run", "act"]))
@click.option("--yes", is_flag=True, help="Let the engine act without asking.")
@server_options
def mode(connection: Connection, target: str, mode: str, yes: bool) -> None:
    """Switch a target's mode. `act` changes replicas, and asks before it is switched on."""
    with connection.client() as client:
        engine = ScalingEngine(client)
        found = engine.find(target)
        if mode == "act" and not yes:
            click.confirm(f"Let the engine change the replicas of {found.resource}?", abort=True, err=True)
        made = engine.set_mode(found.id, mode, found.resource if mode == "act" else "")
    remark(f"{made.resource} is in mode {made.mode}")


@scaling.command("set")
@click.argument("target")
@click.argument("desired", type=click.IntRange(0, 100_000))
@click.option("--reason", default="", help="Why; it goes into the activity and the audit.")
@server_options
def set_(connection: Connection, target: str, desired: int, reason: str) -> None:
    """Ask for a number of replicas, within the bounds and guard rails."""
    with connection.client() as client:
        engine = ScalingEngine(client)
        made = engine.scale(engine.find(target).id, desired, reason)
    remark(f"{made.resource}: desired {made.standing.desired if made.standing else desired}")


@scaling.command("kill")
@click.argument("target")
@click.option("--worker", help="A worker such as w3.  [default: the busiest]")
@click.option("--zone", default="", help="A whole zone.")
@click.option("--down", "down_s", default=60.0, show_default=True, help="Seconds that the zone takes no worker.")
@server_options
def kill(connection: Connection, target: str, worker: str | None, zone: str, down_s: float) -> None:
    """Kill a worker or a zone of a local pool, to see it recover."""
    body = wire.Chaos(zone=zone, down_s=down_s) if zone else wire.Chaos(worker=worker or "")
    with connection.client() as client:
        engine = ScalingEngine(client)
        remark(engine.chaos(engine.find(target).id, body).killed)


@scaling.command("decide")
@click.argument("proposal")
@click.option("--approve/--refuse", required=True, help="What becomes of the change that waits.")
@server_options
def decide(connection: Connection, proposal: str, approve: bool) -> None:
    """Approve or refuse a change that waits for a person."""
    with connection.client() as client:
        made = ScalingEngine(client).decide(proposal, approve)
    remark(f"{made.before} to {made.after}: {made.verdict}")


def _json(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_bytes(), str(path))
    except OSError as problem:
        raise InvalidInput(f"cannot read {path}: {problem}") from None


def _parsed(raw: bytes, where: str) -> dict[str, Any]:
    try:
        return typed.decode(raw, type=dict[str, Any])
    except msgspec.MsgspecError as problem:
        raise InvalidInput(f"cannot read {where}: {problem}") from None


def _typed(given: dict[str, Any], type_: type[wire.PutTarget]) -> wire.PutTarget:
    try:
        return typed.convert({name: value for name, value in given.items() if value is not None}, type=type_)
    except msgspec.ValidationError as problem:
        raise InvalidInput(f"cannot put the target: {problem}") from None
