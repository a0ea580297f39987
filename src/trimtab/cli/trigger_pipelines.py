"""`trimtab triggers pipeline` and `trimtab triggers runs`: what rules start, and what came of it."""

import json
from typing import Any, get_args

import click

from trimtab.base.clock import SystemClock
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table
from trimtab.client import pipelines_wire as wire
from trimtab.client.triggers import Triggers


@click.group("pipeline")
def pipeline() -> None:
    """Pipelines that rules start, at most once in a cool-down."""


@pipeline.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the pipelines, and the commands that the settings name."""
    with connection.client() as client:
        found = Triggers(client).pipelines()
    if as_json:
        print_json(found)
        return
    rows = [(one.name, one.kind, json.dumps(one.form), f"{one.cooldown_s} s", one.arn) for one in found.pipelines]
    print_table(("pipeline", "kind", "what", "cool-down", "ARN"), rows)
    click.echo(f"commands of the settings: {', '.join(found.commands) or 'none (TRIMTAB_TRIGGER_COMMANDS)'}")


@pipeline.command("put")
@click.argument("name")
@click.argument("kind", type=click.Choice(get_args(wire.PipelineKind)))
@click.option("--set", "members", multiple=True, metavar="NAME=VALUE", help="command=…, pipeline=…, url=…; repeatable.")
@click.option("--cooldown", "cooldown_s", type=click.IntRange(0), default=3600, show_default=True, help="Seconds.")
@click.option("--description", default="", help="What it is for.")
@server_options
def put(
    connection: Connection,
    name: str,
    kind: wire.PipelineKind,
    members: tuple[str, ...],
    cooldown_s: int,
    description: str,
) -> None:
    """Make or replace a pipeline. A command is one that the server's settings name; VALUE may be JSON."""
    form = dict(_member(one) for one in members)
    with connection.client() as client:
        made = Triggers(client).put_pipeline(wire.PutPipeline(name, kind, form, cooldown_s, description))
    click.echo(f"{made.name}: {made.arn}")


@pipeline.command("remove")
@click.argument("name")
@server_options
def remove(connection: Connection, name: str) -> None:
    """Remove a pipeline; its runs stay on record."""
    with connection.client() as client:
        click.echo(Triggers(client).remove_pipeline(name).done)


@pipeline.command("start")
@click.argument("name")
@click.option("--reason", default="started by hand", show_default=True, help="For the record.")
@click.option("--input", "text", default="{}", help="JSON that the pipeline gets.")
@click.option("--dry-run", is_flag=True, help="Only say what would be.")
@server_options
def start(connection: Connection, name: str, reason: str, text: str, dry_run: bool) -> None:
    """Start a pipeline by hand; the cool-down holds for people too."""
    with connection.client() as client:
        click.echo(Triggers(client).start(name, wire.StartPipeline(reason, text, dry_run)).outcome)


@click.command("runs")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--pipeline", "name", metavar="NAME", help="Of this pipeline only.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@json_option
@server_options
def runs(connection: Connection, id_: str | None, name: str | None, limit: int, as_json: bool) -> None:
    """Show the timeline: cause, rule, run and outcome, the newest first; with an ID one run and its output."""
    with connection.client() as client:
        if id_:
            _one(Triggers(client).run(id_), as_json)
            return
        page = Triggers(client).runs(pipeline=name, limit=limit)
    if as_json:
        print_json(page)
        return
    rows = [
        (
            day(one.at_ms),
            one.why,
            len(one.causes),
            one.pipeline,
            one.state,
            ""
            if one.started_ms is None or one.finished_ms is None
            else f"{(one.finished_ms - one.started_ms) / 1000:.1f} s",
            one.outcome,
            one.id,
        )
        for one in page.runs
    ]
    print_table(
        ("cause at", "cause and rule", "causes", "pipeline", "state", "took", "outcome", "id"),
        rows,
        right=("causes", "took"),
    )


def _one(run: wire.PipelineRun, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    now_ms = SystemClock().now_ms()
    click.echo(f"{run.pipeline}: {run.state} {run.outcome}\nwhy: {run.why}, {ago(run.at_ms, now_ms)}")
    rows = [
        (day(one.at_ms), one.title, one.rule.rpartition("/")[2], "in the cool-down" if one.folded else "starts it")
        for one in run.causes
    ]
    print_table(("at", "event", "rule", ""), rows)
    if run.output:
        click.echo(run.output)


def _member(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text}: expected NAME=VALUE", param_hint="--set")
    try:
        read = json.loads(value)
    except ValueError:
        return name, value
    return name, read if isinstance(read, dict) else value
