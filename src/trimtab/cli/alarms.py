"""`trimtab alarms`: alarms listed, described, put and deleted; tried on the past before they are trusted."""

from collections.abc import Sequence
from typing import get_args

import click
import msgspec

from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.cli.alarm_files import AlarmFile, read_alarm_file
from trimtab.cli.alarm_place import Place, place_options
from trimtab.cli.alarm_text import firing, length, short_time, state_strip
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.mute_rules import mute
from trimtab.cli.output import ago, json_option, number, print_json, print_table, remark, sparkline
from trimtab.client import alarms_wire as wire
from trimtab.client.alarms import Alarms

_NAME = click.argument("name")
_RANK = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
_SHOWN = 20  # transitions and history items that a table has
_WIDTH = 100  # characters of a replay's value and states
_since = click.option("--since", default="30d", show_default=True, help="How far back: 30d, 12h, or a time (ISO 8601).")
_until = click.option("--until", default="now", show_default=True, help="Until when.")


@click.group("alarms")
def alarms() -> None:
    """List, put and delete alarms, and see what one would have done before you trust it."""


@alarms.command("list")
@click.option("--state", type=click.Choice(get_args(wire.StateName)), help="In this state only.")
@click.option("--kind", type=click.Choice(get_args(wire.KindName)), help="Of this kind only.")
@click.option("--prefix", default="", help="Whose names begin with this.")
@click.option("--text", default="", help="Whose name or description has this.")
@place_options
@json_option
@server_options
def list_(
    connection: Connection,
    state: str | None,
    kind: str | None,
    prefix: str,
    text: str,
    place: Place,
    as_json: bool,
) -> None:
    """List alarms, those that fire first."""
    with connection.client() as client:
        found = list(Alarms(client, *place).listed(state=state, kind=kind, prefix=prefix, text=text))
    found.sort(key=lambda one: (_RANK[one.state], one.name))
    if as_json:
        print_json(found)
        return
    now_ms = _clock().now_ms()
    rows = [(one.name, one.state, ago(one.since_ms, now_ms), one.summary, _marks(one), one.account) for one in found]
    several = len({one.account for one in found}) > 1
    columns = ("name", "state", "since", "fires when", "", "account")
    print_table(columns if several else columns[:-1], rows if several else [row[:-1] for row in rows])
    if not found:
        remark("There is none. Try one on the past first: trimtab alarms replay FILE; then: trimtab alarms put FILE")


@alarms.command("describe")
@_NAME
@place_options
@json_option
@server_options
def describe(connection: Connection, name: str, place: Place, as_json: bool) -> None:
    """Show an alarm: what it watches for, its state and why, its definition."""
    with connection.client() as client:
        one = Alarms(client, *place).get(name)
    if as_json:
        print_json(one)
        return
    now_ms = _clock().now_ms()
    rows = [
        ("state", f"{one.state}, since {short_time(one.since_ms)} ({ago(one.since_ms, now_ms)})"),
        ("reason", one.reason),
        ("fires when", one.summary),
        ("description", one.description or "–"),
        ("actions", _marks(one) or "enabled"),
        ("arn", one.arn),
    ]
    rows += [("children", ", ".join(one.children))] if one.children else []
    print_table((one.name, one.kind), rows)
    click.echo(msgspec.json.format(msgspec.json.encode(one.definition), indent=2))


@alarms.command("put")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--name", help="The alarm's name, where the file has no AlarmName.")
@place_options
@json_option
@server_options
def put(connection: Connection, file: str, name: str | None, place: Place, as_json: bool) -> None:
    """Create or replace an alarm from FILE (YAML or JSON), in the form of PutMetricAlarm and its siblings."""
    found = read_alarm_file(file, name)
    with connection.client() as client:
        saved = Alarms(client, *place).put(found.name, found.definition, found.tags)
    if as_json:
        print_json(saved)
    else:
        click.echo(f"{'created' if saved.created else 'replaced'} {saved.name} ({saved.kind})")


@alarms.command("delete")
@_NAME
@place_options
@server_options
def delete(connection: Connection, name: str, place: Place) -> None:
    """Delete an alarm; one that a composite alarm names cannot be."""
    with connection.client() as client:
        Alarms(client, *place).delete(name)
    click.echo(f"deleted {name}")


@alarms.command("enable")
@_NAME
@place_options
@server_options
def enable(connection: Connection, name: str, place: Place) -> None:
    """Let an alarm's actions run."""
    with connection.client() as client:
        Alarms(client, *place).enable(name)
    click.echo(f"the actions of {name} are enabled")


@alarms.command("disable")
@_NAME
@place_options
@server_options
def disable(connection: Connection, name: str, place: Place) -> None:
    """Keep an alarm's actions from running; it is evaluated all the same."""
    with connection.client() as client:
        Alarms(client, *place).enable(name, enabled=False)
    click.echo(f"the actions of {name} are disabled")


@alarms.command("set-state")
@_NAME
@click.argument("state", type=click.Choice(get_args(wire.StateName)))
@click.option("--reason", default="Set by hand", show_default=True, help="Why; it is kept in the history.")
@place_options
@server_options
def set_state(connection: Connection, name: str, state: wire.StateName, reason: str, place: Place) -> None:
    """Set a state by hand, to try what an alarm does; the next evaluation may change it back."""
    with connection.client() as client:
        found = Alarms(client, *place).set_state(name, state, reason)
    click.echo(f"{name} is {found.state}")


@alarms.command("history")
@_NAME
@click.option("--limit", type=click.IntRange(1, 1000), default=_SHOWN, show_default=True, help="How many at most.")
@place_options
@json_option
@server_options
def history(connection: Connection, name: str, limit: int, place: Place, as_json: bool) -> None:
    """Show what happened to an alarm, the newest first (14 days are kept)."""
    with connection.client() as client:
        found = Alarms(client, *place).history(name, limit=limit)
    if as_json:
        print_json(found)
        return
    print_table(("when", "what", ""), [(short_time(one.at_ms), one.summary, one.type) for one in found.items])


@alarms.command("replay")
@click.argument("name_or_file")
@_since
@_until
@place_options
@json_option
@server_options
def replay(connection: Connection, name_or_file: str, since: str, until: str, place: Place, as_json: bool) -> None:
    """Show what an alarm would have done: a saved one by name, or one in a FILE that need not be saved."""
    with connection.client() as client:
        calls = Alarms(client, *place)
        name, definition = _subject(calls, name_or_file)
        points = 1000 if as_json else _WIDTH
        if definition is None:
            found = calls.replay(name, start=_start(since), end=until, points=points)
        else:
            found = calls.replay_draft(wire.ReplayDraft(definition, name, place[1], _start(since), until, points))
    if as_json:
        print_json(found)
        return
    _print_replay(found)


@alarms.command("suggest")
@click.argument("name_or_file")
@_since
@_until
@click.option(
    "--incident", "incidents", multiple=True, metavar="FROM/TO", help="A time in which it should have told; repeatable."
)
@place_options
@json_option
@server_options
def suggest(
    connection: Connection,
    name_or_file: str,
    since: str,
    until: str,
    incidents: tuple[str, ...],
    place: Place,
    as_json: bool,
) -> None:
    """Suggest thresholds, M of N and periods, each tried on the metric's own past.

    Incidents are sustained excursions of the metric, unless --incident names the times that were some.
    """
    with connection.client() as client:
        calls = Alarms(client, *place)
        name, definition = _subject(calls, name_or_file)
        draft = wire.SuggestDraft(
            definition, name, place[1], _start(since), until, [_incident(one) for one in incidents]
        )
        found = calls.suggest(draft)
    if as_json:
        print_json(found)
        return
    click.echo(found.verdict + "\n")
    rows = [_row("as it is", found.now)]
    rows += [_row("quiet" if one.recommended else "", one) for one in found.proposals]
    columns = ("", "judges", "fires", "noise", "missed", "delay", "in ALARM", "over time")
    print_table(columns, rows, right=("fires", "noise", "missed", "delay", "in ALARM"))
    remark(found.definition)
    for note in found.notes:
        remark(note)
    if found.proposals:
        remark(f"\n{found.proposals[0].title}: {found.proposals[0].reason}\nTo take it, put this (or use --json):")
        remark(msgspec.json.format(msgspec.json.encode(found.proposals[0].definition), indent=2).decode())


def _print_replay(found: wire.AlarmReplay) -> None:
    click.echo(f"{found.name}: {firing(found)}")
    values = [value for _, value in found.trace.points]
    limit = "" if found.trace.threshold is None else f", threshold {number(found.trace.threshold)}"
    click.echo(f"  {sparkline(values, _WIDTH)}  {found.trace.label}{limit}")
    click.echo(f"  {state_strip(found, _WIDTH)}  ALARM where it is █, no data where it is ·\n")
    rows = [
        (short_time(one.at_ms), f"{one.old} → {one.new}", "muted" if one.muted else "", one.reason)
        for one in found.transitions[-_SHOWN:]
    ]
    print_table(("when", "change", "", "why"), rows)
    if len(found.transitions) > _SHOWN:
        remark(f"The newest {_SHOWN} of {len(found.transitions)} changes; --json has all.")
    for name, state in (found.children or {}).items():
        remark(f"{name} ended in {state}.")
    for note in found.notes:
        remark(note)


def _row(mark: str, one: wire.AlarmProposal) -> Sequence[object]:
    delay = "–" if one.delay_ms is None else length(one.delay_ms)
    strip = state_strip(one.replay, 40)
    return mark, one.title, one.fired, one.noise, one.missed, delay, length(one.firing_ms), strip


def _subject(calls: Alarms, name_or_file: str) -> tuple[str, dict[str, object] | None]:
    """A saved alarm's name, or the name and the definition in a file."""
    if AlarmFile.looks_like(name_or_file):
        found = read_alarm_file(name_or_file, None, draft="draft")
        return found.name, found.definition
    try:
        return calls.get(name_or_file).name, None
    except NotFound:
        raise NotFound(
            f"cannot find {name_or_file!r}: no alarm has that name, and no file is there; try trimtab alarms list"
        ) from None


def _start(since: str) -> str:
    """`30d` is `-30d`; a time is itself."""
    is_length = since[:1].isdigit() and since[-1:].islower()
    return f"-{since}" if is_length else since


def _incident(text: str) -> wire.MarkedIncident:
    first, separator, last = text.partition("/")
    if not separator or not first or not last:
        raise InvalidInput(
            f"cannot use --incident {text!r}: expected FROM/TO, such as 2026-11-20T10:00Z/2026-11-20T11:00Z"
        )
    return wire.MarkedIncident(first, last)


def _marks(one: wire.Alarm) -> str:
    marks = [] if one.actions_enabled else ["actions disabled"]
    marks += [f"muted by {', '.join(one.muted_by)}"] if one.muted_by else []
    marks += [f"held back: {one.held_by}"] if one.held_by else []
    marks += ["cannot be evaluated"] if one.trouble else []
    return "; ".join(marks)


def _clock() -> Clock:
    return SystemClock()


alarms.add_command(mute)
