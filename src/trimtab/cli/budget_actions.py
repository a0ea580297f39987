"""`trimtab budgets actions`: what is done when a budget is passed, and its approval."""

from typing import Literal, get_args

import click

from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table
from trimtab.client import budgets_wire as wire
from trimtab.client.budgets import Budgets

_PIPELINE = "start_pipeline"
_EXECUTIONS = get_args(wire.ExecutionName)


@click.group("actions")
def actions() -> None:
    """Actions: something of the actions registry, such as a pipeline's webhook or command, is run at a crossing."""


@actions.command("list")
@click.argument("budget")
@click.option("--account", default="", help="Whose budget.  [default: the server's account]")
@json_option
@server_options
def list_(connection: Connection, budget: str, account: str, as_json: bool) -> None:
    """List the actions of a budget and what became of them last."""
    with connection.client() as client:
        found = Budgets(client, account).actions(budget)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.id,
            one.status,
            one.approval.lower(),
            f"{one.notification_type.lower()} > {one.threshold}{' %' if one.threshold_type == 'PERCENTAGE' else ''}",
            day(one.history[0].at_ms) if one.history else "–",
            one.history[0].message if one.history else "",
        )
        for one in found
    ]
    print_table(("action", "status", "approval", "at", "last", "what happened"), rows)


@actions.command("add")
@click.argument("budget")
@click.option("--pipeline", help="Start this pipeline (ACCOUNT/REGION/NAME): its webhook or command is run.")
@click.option("--actuator", help="Or run another actuator of the registry, with --target.")
@click.option("--target", default="", help="What the actuator acts on.")
@click.option("--threshold", required=True, help="Percent of the limit.")
@click.option("--forecasted", is_flag=True, help="At what is expected, not at what is spent.")
@click.option("--automatic", is_flag=True, help="Without approval; a forecast must pass at its lower bound.")
@click.option("--email", "emails", multiple=True, help="Whom to tell of it. May be repeated.")
@click.option("--topic", default="", help="ARN of the topic or channel to tell of it.")
@click.option("--account", default="", help="Whose budget.  [default: the server's account]")
@server_options
def add(
    connection: Connection, budget: str, pipeline: str | None, actuator: str | None, target: str, threshold: str,
    forecasted: bool, automatic: bool, emails: tuple[str, ...], topic: str, account: str,
) -> None:  # fmt: skip
    """Add an action. It waits for approval unless it is automatic."""
    if (pipeline is None) == (actuator is None):
        raise InvalidInput("cannot add the action: give --pipeline, or --actuator with --target")
    type_: Literal["ACTUAL", "FORECASTED"] = "FORECASTED" if forecasted else "ACTUAL"
    approval: Literal["MANUAL", "AUTOMATIC"] = "AUTOMATIC" if automatic else "MANUAL"
    wish = {"reason": f"budget {budget} passed {threshold} %"} if pipeline else {}
    wanted = wire.PutAction(
        actuator or _PIPELINE,
        pipeline or target,
        threshold,
        wish,
        type=type_,
        approval=approval,
        emails=list(emails),
        topic=topic,
    )
    with connection.client() as client:
        click.echo(Budgets(client, account).add_action(budget, wanted).id)


@actions.command("execute")
@click.argument("budget")
@click.argument("action")
@click.argument("execution", type=click.Choice(_EXECUTIONS))
@click.option("--dry-run", is_flag=True, help="Say what it would do; change nothing.")
@click.option("--account", default="", help="Whose budget.  [default: the server's account]")
@server_options
def execute(
    connection: Connection, budget: str, action: str, execution: wire.ExecutionName, dry_run: bool, account: str
) -> None:
    """Approve, retry, reverse or reset an action."""
    with connection.client() as client:
        done = Budgets(client, account).execute(budget, action, wire.ExecuteAction(execution, dry_run))
    click.echo(f"{done.status}: {done.outcome}")


@actions.command("remove")
@click.argument("budget")
@click.argument("action")
@click.option("--account", default="", help="Whose budget.  [default: the server's account]")
@server_options
def remove(connection: Connection, budget: str, action: str, account: str) -> None:
    """Remove an action; what it did stays done."""
    with connection.client() as client:
        click.echo(f"removed {Budgets(client, account).delete_action(budget, action).removed}")
