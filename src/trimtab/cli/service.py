"""`trimtab service`: trimtab as a service of this machine's systemd. It asks no server."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import Struct

from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.cli.output import json_option, print_json, remark
from trimtab.cli.service_units import AGENT, MARK, SERVER, Unit, agent_unit, server_unit

_RUNNING = Path("/run/systemd/system")
"""There where systemd runs the machine: sd_booted(3)."""
_WAIT_S = 120

what = click.argument("what", type=click.Choice((SERVER, AGENT)), default=SERVER)
user_option = click.option("--user", is_flag=True, help="A service of your own systemd, without root.")
root_option = click.option(
    "--root", type=click.Path(file_okay=False, path_type=Path), default=Path("/"), help="Write below this folder alone."
)


class Installed(Struct, frozen=True):
    """What was written, and whether it runs."""

    unit: str
    path: str
    environment: str
    started: bool


@click.group("service")
def service() -> None:
    """trimtab as a service of systemd: install, show, uninstall."""


@service.command("install")
@what
@user_option
@root_option
@click.option("--url", default="", help="Of the agent: the server that it sends to.")
@click.option("--interval", default=10.0, show_default=True, help="Of the agent: seconds between samples.")
@click.option("--data-dir", default="", help="Of the server: where everything durable lives; /var/lib/trimtab.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting, such as TRIMTAB_HTTP_ADDR=…")
@click.option("--no-start", is_flag=True, help="Write the files, and start nothing.")
@json_option
def install(
    what: str,
    user: bool,
    root: Path,
    url: str,
    interval: float,
    data_dir: str,
    settings: Sequence[str],
    no_start: bool,
    as_json: bool,
) -> None:
    """Install the server, or the agent, and start it.

    Settings go into a file beside the unit that only its owner reads; what stands there already stays.

    Example: sudo trimtab service install --set TRIMTAB_RETENTION_RAW_DAYS=30
    """
    unit = _unit(what, user=user, root=root, url=url, interval=interval, data_dir=data_dir)
    lines = [_setting(one) for one in settings]
    _write(unit, lines)
    started = False
    if not no_start and root == Path("/"):
        _start(unit, user=user)
        started = True
    if as_json:
        print_json(Installed(unit.name, str(unit.path), str(unit.environment), started))
        return
    click.echo(f"{unit.path} is written, settings are in {unit.environment}")
    remark(f"{unit.name} runs" if started else f"start it with: {_systemctl(user)} enable --now {unit.name}")


@service.command("show")
@what
@user_option
@click.option("--url", default="http://127.0.0.1:4750", help="Of the agent: the server that it sends to.")
@click.option("--interval", default=10.0, show_default=True, help="Of the agent: seconds between samples.")
@click.option("--data-dir", default="", help="Of the server: where everything durable lives; /var/lib/trimtab.")
def show(what: str, user: bool, url: str, interval: float, data_dir: str) -> None:
    """Print the unit that would be installed."""
    click.echo(_unit(what, user=user, root=Path("/"), url=url, interval=interval, data_dir=data_dir).text, nl=False)


@service.command("uninstall")
@what
@user_option
@root_option
def uninstall(what: str, user: bool, root: Path) -> None:
    """Stop it and remove its unit; data and settings stay."""
    unit = _unit(what, user=user, root=root, url="http://127.0.0.1:4750", interval=10.0, data_dir="")
    if not unit.path.exists():
        raise InvalidInput(f"cannot remove {unit.name}: {unit.path} is not there")
    _check_ours(unit)
    if root == Path("/") and _RUNNING.is_dir():
        _call([*_systemctl(user).split(), "disable", "--now", unit.name])
    unit.path.unlink()
    if root == Path("/") and _RUNNING.is_dir():
        _call([*_systemctl(user).split(), "daemon-reload"])
    click.echo(f"{unit.path} is removed; data and {unit.environment} stay")


def _unit(what: str, *, user: bool, root: Path, url: str, interval: float, data_dir: str) -> Unit:
    if what == SERVER:
        if data_dir and not Path(data_dir).is_absolute():
            raise InvalidInput(f"cannot install trimtab: got --data-dir {data_dir}; expected a path from / on")
        if data_dir and user:
            raise InvalidInput("cannot install trimtab: a user's service takes --set TRIMTAB_DATA_DIR=… for --data-dir")
        return server_unit(root, user=user, home=Path.home(), data=data_dir)
    if user:
        raise InvalidInput("cannot install the agent with --user: it reads every process, which needs the system's")
    if not url:
        raise InvalidInput("cannot install the agent: expected --url, the server that it sends to")
    return agent_unit(root, url, interval)


def _setting(text: str) -> str:
    name, found, value = text.partition("=")
    if not found or not name.replace("_", "").isalnum() or "\n" in value:
        raise InvalidInput(f"cannot set {text!r}: expected NAME=VALUE, such as TRIMTAB_HTTP_ADDR=127.0.0.1:4750")
    return f"{name}={value}"


def _write(unit: Unit, settings: Sequence[str]) -> None:
    """The unit, and the settings behind those that are there; one that is set again replaces the former."""
    if unit.path.exists():
        _check_ours(unit)
    try:
        unit.path.parent.mkdir(parents=True, exist_ok=True)
        beside = unit.path.with_suffix(".new")
        beside.write_text(unit.text, encoding="utf-8")
        beside.replace(unit.path)
        unit.environment.parent.mkdir(parents=True, exist_ok=True)
        before = unit.environment.read_text(encoding="utf-8").splitlines() if unit.environment.exists() else []
        named = {one.partition("=")[0] for one in settings}
        kept = [one for one in before if one.partition("=")[0] not in named]
        text = "".join(f"{line}\n" for line in (*kept, *settings))
        with os.fdopen(os.open(unit.environment, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        unit.environment.chmod(0o600)
    except PermissionError as problem:
        raise Unavailable(f"cannot write {problem.filename}: it is not yours; try sudo, or --user") from None


def _check_ours(unit: Unit) -> None:
    if not unit.path.read_text(encoding="utf-8").startswith(MARK):
        raise InvalidInput(f"cannot replace {unit.path}: somebody else wrote it; move it away first")


def _start(unit: Unit, *, user: bool) -> None:
    if not _RUNNING.is_dir():
        raise Unavailable(
            f"cannot start {unit.name}: systemd does not run this machine; the files are written, "
            "and `trimtab up` runs without it"
        )
    control = _systemctl(user).split()
    _call([*control, "daemon-reload"])
    _call([*control, "enable", "--now", unit.name])


def _systemctl(user: bool) -> str:
    return "systemctl --user" if user else "systemctl"


def _call(command: Sequence[str]) -> None:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"cannot run {command[0]}: it is not on this machine")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WAIT_S)
    if done.returncode:
        raise TrimtabError(f"cannot {' '.join(command)}: {done.stderr.strip() or f'status {done.returncode}'}")
