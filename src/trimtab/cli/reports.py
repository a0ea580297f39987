"""`trimtab reports`: what changed, why, and what to do, written now or by a schedule."""

from pathlib import Path
from typing import Literal, get_args

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table, remark
from trimtab.client import reports_wire as wire
from trimtab.client.reports import Reports

_TEMPLATES = click.Choice(get_args(wire.TemplateName))
_FORMATS = click.Choice(get_args(wire.FormatName))


@click.group()
def reports() -> None:
    """Reports in plain words, each sentence with its evidence: HTML, PDF, CSV, by mail, Slack or into a folder."""


@reports.command("templates")
@json_option
@server_options
def templates(connection: Connection, as_json: bool) -> None:
    """List what reports there are."""
    with connection.client() as client:
        found = Reports(client).templates()
    if as_json:
        print_json(found)
        return
    print_table(("template", "of a", "what"), [(one.name, one.period, one.what) for one in found])


@reports.command("write")
@click.argument("template", type=_TEMPLATES)
@click.option("--owner", default="", help="Of one team only.")
@click.option("--start", default="", help="From when: -7d, 2026-11-01.  [default: the last whole week or month]")
@click.option("--end", default="", help="Until when.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file: its ending says the format.")
@json_option
@server_options
def write(
    connection: Connection, template: str, owner: str, start: str, end: str, out: Path | None, as_json: bool
) -> None:
    """Write a report now: in words here, or as a file."""
    with connection.client() as client:
        calls = Reports(client)
        if out is not None:
            with out.open("wb") as file:
                for piece in calls.file(template, out.suffix.removeprefix(".") or "html", owner, start, end):
                    file.write(piece)
            remark(f"Written to {out}.")
            return
        found = calls.write(template, owner, start, end)
    if as_json:
        print_json(found)
        return
    _say(found)


@reports.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List scheduled reports and their newest writings."""
    with connection.client() as client:
        found = Reports(client).scheduled()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.name, one.template, one.owner or "everybody", one.schedule, iso(one.next_ms) if one.next_ms else "never")
        for one in found.reports
    ]
    print_table(("report", "template", "of", "schedule", "next"), rows)
    click.echo()
    done = [(iso(one.at_ms), one.title, one.status, one.problem or " ".join(one.files)) for one in found.writings]
    print_table(("written", "what", "state", "files or problem"), done)


@reports.command("schedule")
@click.argument("name")
@click.argument("template", type=_TEMPLATES)
@click.option(
    "--when", "when", required=True, help='"cron(0 7 ? * MON *)", "rate(7 days)" or "at(2026-12-01T07:00:00)".'
)
@click.option("--zone", default="UTC", show_default=True, help="Time zone of the schedule.")
@click.option("--owner", default="", help="Of one team only.")
@click.option("--email", "emails", multiple=True, help="An address to tell; may be repeated.")
@click.option("--topic", "topics", multiple=True, help="ARN of a topic or channel (Slack, Teams, webhook).")
@click.option("--folder", default="", help="s3://bucket/prefix, or a name below exports in the data directory.")
@click.option("--format", "formats", type=_FORMATS, multiple=True, help="Of the files.  [default: all three]")
@server_options
def schedule(
    connection: Connection,
    name: str,
    template: Literal["weekly-fleet", "monthly-team", "endpoint-slo", "training-cost", "executive"],
    when: str,
    zone: str,
    owner: str,
    emails: tuple[str, ...],
    topics: tuple[str, ...],
    folder: str,
    formats: tuple[Literal["html", "pdf", "csv"], ...],
) -> None:
    """Make or replace the schedule of a report."""
    chosen = list(formats) or list(get_args(wire.FormatName))
    body = wire.PutReport(template, when, zone, owner, list(emails), list(topics), folder, chosen)
    with connection.client() as client:
        made = Reports(client).put(name, body)
    remark(f"{made.name} is written next at {iso(made.next_ms) if made.next_ms else 'no time: its schedule is over'}.")


@reports.command("remove")
@click.argument("name")
@server_options
def remove(connection: Connection, name: str) -> None:
    """Remove a schedule with its writings."""
    with connection.client() as client:
        Reports(client).delete(name)
    remark(f"{name} is no more.")


def _say(found: wire.WrittenReport) -> None:
    click.echo(f"{found.title}, {found.about}: {day(found.start_ms)} to {day(found.end_ms - 1)}")
    for at, one in enumerate(found.facts, 1):
        click.echo(f"  {at}. {one.text}")
    for section in found.sections:
        click.echo(f"\n{section.title}")
        for one in section.said:
            click.echo(f"  {one.text}")
    for age in found.ages:
        until = "none" if age.until_ms is None else f"known until {iso(age.until_ms)}"
        remark(f"{age.what}: {until}{f' ({age.note})' if age.note else ''}.")
