"""`trimtab demo`: a simulated company in a trimtab of its own, to look around in."""

import importlib
import os
import signal
import threading
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from trimtab import settings as settings_module
from trimtab.base import loading
from trimtab.base.clock import SystemClock
from trimtab.base.errors import SetupError, TrimtabError
from trimtab.base.records import asdict, replace
from trimtab.cli.output import print_json
from trimtab.listen import bind
from trimtab.settings import OFF, Settings

_DONE = 100.0
_COMMANDS = "demo/commands.toml"
_KEPT = ("log_level", "engine_memory_mb", "engine_threads", "query_timeout_s", "wal_limit_mb", "disk_reserve_mb")


@click.command("demo")
@click.option("--fresh", is_flag=True, help="Wipe the demo's own data first, and make the company anew.")
@click.option("--plants", "list_plants", is_flag=True, help="Print what is planted for the pages to find, and end.")
def demo(fresh: bool, list_plants: bool) -> None:
    """Start trimtab with a simulated company: 60 GPU nodes, 12 endpoints, a training queue, two weeks of history.

    Its data lie beside yours, in <TRIMTAB_DATA_DIR>-demo; nothing of yours is read or written. It takes under a
    minute the first time, goes on in real time, and takes up where it was when it is started again. Ctrl-C stops it.
    """
    try:
        settings = own_settings(settings_module.load())
        part = _demo_part()
        if list_plants:
            print_json([asdict(plant) for plant in part.planted(settings.data_dir, SystemClock().now_ms())])
            return
        part.prepare(settings.data_dir, SystemClock().now_ms(), fresh)
        _play(_with_free_port(settings), part)
    except TrimtabError as problem:
        raise click.ClickException(str(problem)) from problem


def own_settings(settings: Settings) -> Settings:
    """Defaults, with the few of the user's settings that say how this machine is to be used: whatever else there is
    (a store, keys, addresses, targets) is not the demo's to touch. It listens on loopback only, and so without keys.
    """
    off = {item.name: OFF for item in fields(Settings) if item.name.endswith("_addr")}
    kept = {name: getattr(settings, name) for name in _KEPT}
    port = settings.http_addr.rpartition(":")[2]
    own: dict[str, Any] = {**off, **kept, "http_addr": f"127.0.0.1:{port if port.isdigit() else 0}", "agent": False}
    directory = demo_directory(settings.data_dir)
    own["trigger_commands"] = str(directory / _COMMANDS)  # what the demo's event rules may start: it writes it
    return Settings(**own, data_dir=directory)


def demo_directory(data_dir: Path) -> Path:
    """The demo's data directory, beside the user's."""
    return data_dir.with_name(f"{data_dir.name}-demo")


def _with_free_port(settings: Settings) -> Settings:
    try:
        bind(settings.http_addr, "TRIMTAB_HTTP_ADDR").close()
    except SetupError:  # the user's own trimtab runs
        return replace(settings, http_addr="127.0.0.1:0")
    return settings


def _demo_part() -> Any:  # modules that the base install cannot import
    if find_spec("chdb") is None:
        raise SetupError("cannot start the demo: this is the light install; run `pip install 'trimtab[server]'` first")
    return importlib.import_module("trimtab.demo.play")


def _play(settings: Settings, part: Any) -> None:
    """Run the server in this thread and the company in another, until Ctrl-C or until either fails."""
    stop = threading.Event()
    failures: list[TrimtabError] = []
    console = Console(highlight=False, soft_wrap=True)

    def perform(url: str) -> None:
        try:
            perform_on(part.Play(url, settings.data_dir, SystemClock(), stop), url, settings, console)
        except TrimtabError as problem:
            failures.append(problem)
        finally:
            if not stop.is_set():  # it failed: end the supervisor as Ctrl-C does
                os.kill(os.getpid(), signal.SIGTERM)

    company: list[threading.Thread] = []

    def announce(url: str) -> None:
        company.append(threading.Thread(target=perform, args=(url,), name="demo"))
        company[0].start()

    try:
        importlib.import_module("trimtab.supervisor").Supervisor(settings, SystemClock(), announce, stop.set).run()
    finally:
        stop.set()
        for thread in company:
            thread.join()
    if failures:
        raise failures[0]


def perform_on(play: Any, url: str, settings: Settings, console: Console) -> None:
    """Play the company to the end, with its progress on a console: a bar, or lines where that is a file."""
    bar = Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[samples]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    task = bar.add_task("two weeks of a company", total=_DONE, samples="")
    told = -1  # tens of percent

    def progress(share: float, samples: int) -> None:
        nonlocal told
        loading.tell(settings.data_dir, loading.Loading("the demo's company", share, SystemClock().now_ms()))
        bar.update(task, completed=share * _DONE, samples=f"{samples / 1e6:.1f} M samples")
        if not console.is_terminal and int(share * 10) > told:  # a file shows no bar
            told = int(share * 10)
            console.print(f"two weeks of a company: {told * 10} %, {samples / 1e6:.1f} M samples")

    def loaded(result: Any) -> None:
        loading.end(settings.data_dir)
        bar.stop()
        console.print(
            f"\n[bold]the demo is up[/bold]: {result.samples:,} samples in {result.sent_s:.0f} s, "
            f"all readable after {result.stored_s:.0f} s"
        )
        console.print(f"open     [bold]{url}[/bold]")
        for plant in play.plants:
            console.print(f"to find  {plant.title}  [dim]{plant.page}[/dim]")
        console.print(f"data     {settings.data_dir}, beside yours, which are not touched")
        console.print("It goes on in real time. Ctrl-C stops it; `trimtab demo` takes it up again.\n")

    bar.start()
    try:
        play.run(progress, loaded)
    finally:
        bar.stop()
