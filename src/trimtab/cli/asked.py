"""`trimtab asked`: what owners were asked and answered, and the stops that wait for approval."""

from typing import get_args

import click

from trimtab.base.clock import SystemClock
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, json_option, print_json, print_table, remark
from trimtab.client import asks_wire as wire
from trimtab.client.asks import Asks


@click.group("asked")
def asked() -> None:
    """What owners were asked: findings, idle runs and budgets, each once, where a channel has them as its owners."""


@asked.command("list")
@click.option("--owner", default="", metavar="TEAM", help="Of this owner only.")
@click.option("--open", "only_open", is_flag=True, help="Without what was answered, or is gone by itself.")
@json_option
@server_options
def list_(connection: Connection, owner: str, only_open: bool, as_json: bool) -> None:
    """List what was asked, the newest first."""
    with connection.client() as client:
        found = Asks(client).listed(owner, only_open=only_open)
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    rows = [(one.id, one.owner, one.kind, one.title, ago(one.asked_ms, now_ms), _state(one)) for one in found]
    print_table(("id", "owner", "about", "title", "asked", "answer"), rows)
    if not found:
        remark("Nobody was asked: `trimtab notify add … --owner TEAM` makes a channel where an owner is asked.")


@asked.command("answer")
@click.argument("id_", metavar="ID")
@click.argument("answer", type=click.Choice(get_args(wire.AnswerName)))
@json_option
@server_options
def answer_(connection: Connection, id_: str, answer: wire.AnswerName, as_json: bool) -> None:
    """Answer for an owner: what their link would say."""
    with connection.client() as client:
        _told(Asks(client).answer(id_, answer), as_json)


@asked.command("approve")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def approve(connection: Connection, id_: str, as_json: bool) -> None:
    """Stop what an owner asked to stop, by the pipeline that TRIMTAB_OWNER_STOP_PIPELINE names."""
    with connection.client() as client:
        _told(Asks(client).decide(id_, approve=True), as_json)


@asked.command("refuse")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def refuse(connection: Connection, id_: str, as_json: bool) -> None:
    """Let go on what an owner asked to stop."""
    with connection.client() as client:
        _told(Asks(client).decide(id_, approve=False), as_json)


def _told(found: wire.Asked, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found.title}: {_state(found)}")


def _state(one: wire.Asked) -> str:
    if one.stop:
        return f"{one.stop}, {one.outcome}" if one.outcome else one.stop
    if one.answer:
        return f"{one.answer}, by {one.answered_by}"
    return "gone" if one.closed_ms else "open"
