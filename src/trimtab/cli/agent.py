"""`trimtab agent`: read this host and its processes and send them to a trimtab server."""

import logging
import threading
from pathlib import Path
from typing import Any

import click
import msgspec

from trimtab import settings as settings_module
from trimtab.agent import manifests
from trimtab.agent.collect.roots import Roots
from trimtab.agent.listing import table
from trimtab.agent.run import Options, once, run
from trimtab.agent.tail.config import read as log_file_sets
from trimtab.base.clock import SystemClock, iso
from trimtab.base.errors import SetupError, TrimtabError
from trimtab.settings import OFF, Settings

_PATH = click.Path(path_type=Path)
_SECONDS = click.FloatRange(0.01, 86_400)
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@click.command("agent")
@click.option("--url", help="Server to send to [default: TRIMTAB_URL, else http://<TRIMTAB_HTTP_ADDR>].")
@click.option("--interval", type=_SECONDS, help="Seconds between two collections [default: TRIMTAB_AGENT_INTERVAL_S].")
@click.option("--spool-dir", type=_PATH, help="Where batches wait [default: <TRIMTAB_DATA_DIR>/agent].")
@click.option("--token", help="Token to present [default: TRIMTAB_TOKEN; prefer that: other users see command lines].")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Further resource attribute of this host, e.g. k8s.node.name=n1; may be repeated.",
)
@click.option(
    "--scrape-config",
    type=_PATH,
    metavar="FILE",
    help="Prometheus endpoints to scrape too: scrape_configs as in prometheus.yml, or a list of targets.",
)
@click.option(
    "--probes",
    type=_PATH,
    metavar="FILE",
    help="Services to probe too (HTTP, TLS, TCP): a TOML file with one [[probe]] a target.",
)
@click.option(
    "--log-files",
    metavar="GLOBS|FILE",
    help="Log files to follow: [GROUP=]GLOB, ... or a TOML file of [[file]] tables [default: TRIMTAB_AGENT_LOG_FILES].",
)
@click.option("--procfs", type=_PATH, default="/proc", show_default=True, help="Where the host's /proc is seen.")
@click.option("--rootfs", type=_PATH, default="/", show_default=True, help="Where the host's / is mounted.")
@click.option("--once", "look_once", is_flag=True, help="Read once, print, and end; needs no server.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print JSON.")
@click.option("--print-systemd", is_flag=True, help="Print a systemd unit for this installation, and end.")
@click.option("--print-kubernetes", is_flag=True, help="Print a Kubernetes DaemonSet, and end.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input closes: for supervisors.")
def agent(look_once: bool, as_json: bool, print_systemd: bool, print_kubernetes: bool, **given: Any) -> None:
    """Read this host and its processes, and send them to a trimtab server as OpenTelemetry metrics.

    Every batch is on disk before it is sent and stays there until the server has it, so nothing is lost while
    the server is away.
    """
    try:
        settings = settings_module.load()
        options = _options(settings, **given)
        if print_systemd:
            click.echo(manifests.systemd(options.url, options.interval_s), nl=False)
        elif print_kubernetes:
            click.echo(manifests.kubernetes(options.url, options.interval_s), nl=False)
        elif look_once:
            _print_once(options, as_json)
        else:
            logging.basicConfig(level=settings.log_level.upper(), format=_LOG_FORMAT)
            run(options, SystemClock())
    except TrimtabError as problem:
        raise click.ClickException(str(problem)) from problem


def _options(
    settings: Settings,
    url: str | None,
    interval: float | None,
    spool_dir: Path | None,
    token: str | None,
    attributes: tuple[str, ...],
    scrape_config: Path | None,
    probes: Path | None,
    log_files: str | None,
    procfs: Path,
    rootfs: Path,
    with_parent: bool,
) -> Options:
    return Options(
        url=url or settings.url or _local_url(settings),
        token=token or settings.token,
        interval_s=interval or settings.agent_interval_s,
        spool_dir=spool_dir or settings.data_dir / "agent",
        roots=Roots(procfs=procfs, rootfs=rootfs),
        attributes={**_cloud(settings), **_pairs(attributes)},
        scrape_config=scrape_config,
        probes=probes,
        log_files=log_file_sets(log_files or settings.agent_log_files),
        with_parent=with_parent,
    )


def _local_url(settings: Settings) -> str:
    if settings.http_addr == OFF:
        raise SetupError(
            "cannot find the server: TRIMTAB_HTTP_ADDR is off; expected an address; try --url http://host:4750"
        )
    return f"{'https' if settings.tls_cert else 'http'}://{settings.http_addr}"


def _cloud(settings: Settings) -> dict[str, str]:
    """The account and region of this host, where they were set (the defaults stand for "none named")."""
    defaults = Settings()
    named = {
        "cloud.account.id": (settings.account_id, defaults.account_id),
        "cloud.region": (settings.region, defaults.region),
    }
    return {key: value for key, (value, default) in named.items() if value and value != default}


def _pairs(attributes: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in attributes:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise SetupError(f"cannot use --attribute: got {text!r}; expected KEY=VALUE; try k8s.node.name=n1")
        if value:
            pairs[key] = value
    return pairs


def _print_once(options: Options, as_json: bool) -> None:
    clock = SystemClock()
    resource, readings = once(options, clock, threading.Event().wait)
    if not as_json:
        click.echo(table(readings))
        return
    rows = [
        {
            "name": item.name,
            "unit": item.unit,
            "value": item.value,
            "attributes": dict(item.attributes),
            **({"start": iso(item.start_ms)} if item.start_ms is not None else {}),
        }
        for item in readings
    ]
    answer = {"time": iso(clock.now_ms()), "resource": resource, "readings": rows}
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


if __name__ == "__main__":
    agent()
