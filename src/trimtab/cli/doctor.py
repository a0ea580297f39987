"""`trimtab doctor`: check this machine and the server, and say what to do."""

from collections.abc import Iterator

import click
from rich.text import Text

from trimtab.base.clock import Clock, SystemClock
from trimtab.cli.checks import Finding, Verdict, check_data_dir, check_ports, check_python, check_server, check_settings
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import console, json_option, print_json

_STYLES = {Verdict.OK: ("✓ ok  ", "green"), Verdict.WARN: ("! warn", "yellow"), Verdict.FAIL: ("✗ fail", "bold red")}


@click.command("doctor")
@json_option
@server_options
def doctor(connection: Connection, as_json: bool) -> int:
    """Check this machine and the server, and say what to do.

    Exit code: 0 when nothing fails (warnings are allowed), 1 otherwise.
    """
    findings = []
    for finding in _findings(connection, SystemClock()):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json(findings)
    return int(any(finding.verdict is Verdict.FAIL for finding in findings))


def _findings(connection: Connection, clock: Clock) -> Iterator[Finding]:
    yield check_python()
    yield from check_settings()
    if connection.is_local:
        yield from check_data_dir(connection.settings, clock)
        yield from check_ports(connection.settings)
    yield from check_server(connection, clock)


def _print(finding: Finding) -> None:
    word, style = _STYLES[finding.verdict]
    line = Text.assemble((word, style), f"  {finding.check}: {finding.found}")
    if finding.advice:
        line.append(f" → {finding.advice}", "bold")
    console().print(line)
