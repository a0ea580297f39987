"""`trimtab up`: the server, its engine and the local agent, in the foreground."""

import importlib
import logging
from importlib.util import find_spec
from typing import Any

import click

from trimtab import settings as settings_module
from trimtab.base.clock import SystemClock
from trimtab.base.errors import SetupError, TrimtabError
from trimtab.base.records import replace
from trimtab.listen import check_exposure
from trimtab.settings import Settings

_LOCAL = "local mode: any key and signature is accepted from this machine"
_log = logging.getLogger(__name__)
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@click.command("up")
@click.option("--agent/--no-agent", default=None, help="Run the local agent too [default: TRIMTAB_AGENT, which is on].")
def up(agent: bool | None) -> None:
    """Start trimtab here: the server with its pages, the engine, and an agent that watches this machine.

    It runs in the foreground; Ctrl-C stops it cleanly. `trimtab settings` lists what can be configured.
    """
    try:
        settings = settings_module.load()
        if agent is not None:
            settings = replace(settings, agent=agent)
        logging.basicConfig(level=settings.log_level.upper(), format=_LOG_FORMAT)
        for entry in settings_module.deprecated():
            _log.warning(entry.warning)
        supervisor = _server_part().Supervisor(settings, SystemClock(), lambda url: _announce(settings, url))
        supervisor.run()
    except TrimtabError as problem:
        raise click.ClickException(str(problem)) from problem


def _server_part() -> Any:  # a module that the base install cannot import
    if find_spec("chdb") is None:  # found, not imported: the supervisor itself stays small
        raise SetupError(
            "cannot start the server: this is the light install; run `pip install 'trimtab[server]'` first"
        )
    return importlib.import_module("trimtab.supervisor")


def _announce(settings: Settings, url: str) -> None:
    local = not check_exposure(settings)
    lines = (
        ("pages", url),
        ("AWS clients", f"endpoint_url={url}   (`trimtab env` prints the shell lines)"),
        ("Prometheus", f"remote_write: {url}/api/v1/write"),
        ("OpenTelemetry", f"OTEL_EXPORTER_OTLP_ENDPOINT={url}"),
        ("data", str(settings.data_dir)),
        ("access", _LOCAL if local else "keys and tokens only: `trimtab keys create` makes them"),
    )
    click.secho("\ntrimtab is up", bold=True)
    for label, text in lines:
        click.echo(f"{label:13}  {text}")
    click.echo("Ctrl-C stops it.\n")
