"""`trimtab train run -- CMD`: training that survives interruptions, with checkpoints as often as they pay."""

import signal
import socket
import threading
import uuid
from pathlib import Path
from types import FrameType
from typing import Any

import click

from trimtab.agent.training import checkpoints
from trimtab.agent.training.notice import AWS_METADATA, AwsMetadata, Notice, NoticeFile, Watch
from trimtab.agent.training.run import INTERRUPTED, Ended, Options, Training
from trimtab.agent.training.zones import elsewhere, ranked
from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import remark
from trimtab.cli.purchase_spot import checkpoint_every_s, read_traces
from trimtab.client.inventory_wire import ReportRuns, RunRecord
from trimtab.client.runs import Runs

_PATH = click.Path(path_type=Path)
_SIGNALS = ("USR1", "USR2", "INT", "HUP")


@click.group()
def train() -> None:
    """Training on machines that may be taken away."""


@train.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--name", default="", help="Name of the run.  [default: the program's]")
@click.option("--checkpoints", "directory", type=_PATH, help="Directory of checkpoints, on storage that survives.")
@click.option("--signal", "signal_name", type=click.Choice(_SIGNALS), help="Signal that asks for one.")
@click.option("--ask-command", default="", help="Command that asks for one (TRIMTAB_PID is the program).")
@click.option("--ask-file", type=_PATH, help="File whose appearance asks for one.")
@click.option("--every", default="", help="Seconds between checkpoints; auto: by replay of --availability.")
@click.option("--availability", type=_PATH, multiple=True, help="Recorded availability, a file a zone, for auto.")
@click.option("--checkpoint-seconds", default=60.0, show_default=True, help="What a checkpoint takes, for auto.")
@click.option("--resume", default="", help="Arguments added where there is one: '--from {checkpoint}'.")
@click.option("--grace", default=110.0, show_default=True, help="Seconds from a notice to the end.")
@click.option("--metadata", default=AWS_METADATA, show_default=True, help="Metadata service; off: none.")
@click.option("--notice-file", type=_PATH, help="File whose appearance announces an interruption.")
@click.option(
    "--elsewhere", "command_elsewhere", default="", help="Starts the run elsewhere: 'sbatch -p {zone} job.sh'."
)
@click.option("--zone", default="", help="Zone that this machine is in.")
@click.option("--zones", default="", help="Zones to go on in, by comma.  [default: those of --availability]")
@click.option("--run", "carried", default="", help="Run that this goes on with: what {run} was in --elsewhere.")
@click.option("--retries", default=0, show_default=True, help="Starts again here where it fails.")
@click.option("--cluster", default="train", show_default=True, help="Cluster that the run is recorded under.")
@click.option("--gpus", default=0.0, help="GPUs of the run, as recorded.")
@click.option("--no-record", is_flag=True, help="Tell no server of the run.")
@server_options
def run(
    connection: Connection, command: tuple[str, ...], name: str, directory: Path | None, signal_name: str | None,
    ask_command: str, ask_file: Path | None, every: str, availability: tuple[Path, ...], checkpoint_seconds: float,
    resume: str, grace: float, metadata: str, notice_file: Path | None, command_elsewhere: str, zone: str, zones: str,
    carried: str, retries: int, cluster: str, gpus: float, no_record: bool,
) -> None:  # fmt: skip
    """Run CMD; on an interruption ask for a checkpoint, wait for it, end, and exit 75: start it again to go on.

    With --elsewhere the run goes on by itself: in the zones of --zones in their order, or in those of --availability,
    that first which by its record keeps a machine longest, and the one that has just interrupted last.

    Example: trimtab train run --checkpoints /mnt/ckpt --every 600 --resume '--from {checkpoint}' -- python train.py
    """
    ask = _ask(signal_name, ask_command, ask_file)
    every_s = _every(connection, every, availability, checkpoint_seconds)
    options = Options(command, directory, ask, every_s, grace, resume=tuple(resume.split()))
    watches: list[Watch] = [] if metadata == "off" else [AwsMetadata(metadata)]
    watches += [NoticeFile(notice_file)] if notice_file else []
    recorder = _Recorder(
        connection, SystemClock(), cluster, name or Path(command[0]).name, gpus, zone, carried, on=not no_record
    )
    for attempt in range(retries + 1):
        ended = _attempt(options, watches, recorder)
        if ended.code in (0, INTERRUPTED) or attempt == retries:
            break
        remark(f"starts again ({attempt + 1} of {retries})")
    if ended.code == INTERRUPTED and command_elsewhere:
        elsewhere(command_elsewhere, _places(zones, availability, zone), recorder.carried, remark)
    raise SystemExit(ended.code)


def _places(zones: str, availability: tuple[Path, ...], here: str) -> list[str]:
    """Where to go on, in order."""
    named = [one.strip() for one in zones.split(",") if one.strip()]
    if named:
        return sorted(named, key=lambda one: one == here)
    if not availability:
        return []
    return ranked({one["zone"]: one["up"] for one in read_traces(availability)[0]}, here)


def _attempt(options: Options, watches: list[Watch], recorder: "_Recorder") -> Ended:
    clock, wake = SystemClock(), threading.Event()
    training = Training(options, watches, clock, wake.wait, remark)

    def told(number: int, frame: FrameType | None) -> None:
        del frame
        training.tell(Notice(f"signal {signal.Signals(number).name}", "terminate"))

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    recorder.started()
    try:
        ended = training.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    recorder.ended(ended)
    return ended


def _ask(signal_name: str | None, command: str, file: Path | None) -> checkpoints.Ask:
    if sum(map(bool, (signal_name, command, file))) > 1:
        raise InvalidInput("cannot ask in several ways: give one of --signal, --ask-command, --ask-file")
    if command:
        return checkpoints.by_command(command)
    return checkpoints.by_file(file) if file else checkpoints.by_signal(signal.Signals[f"SIG{signal_name or 'USR1'}"])


def _every(connection: Connection, text: str, files: tuple[Path, ...], seconds: float) -> float | None:
    if not text:
        return None
    if text == "auto":
        if not files:
            raise InvalidInput("cannot choose the interval: --every auto needs --availability FILE, one a zone")
        found = checkpoint_every_s(connection, files, seconds)
        remark(f"a checkpoint every {found:.0f} s, by replay")
        return found
    try:
        found = float(text)
    except ValueError:
        raise InvalidInput(f"cannot read --every {text!r}: expected seconds, or auto") from None
    if not 0 < found < 10**7:
        raise InvalidInput(f"cannot read --every {text!r}: expected more than 0 seconds")
    return found


def _carried(text: str) -> tuple[str, int]:
    """The run and how many attempts it has had."""
    if not text:
        return uuid.uuid4().hex[:12], 0
    run, _, attempts = text.partition(".")
    if not (run.isalnum() and len(run) <= 32 and attempts.isascii() and attempts.isdecimal() and len(attempts) < 6):
        raise InvalidInput(f"cannot read --run {text!r}: expected what {{run}} was in --elsewhere, such as 4f1c.2")
    return run, int(attempts)


class _Recorder:
    """Tells the server of each attempt; a server that is away stops no training."""

    def __init__(
        self, connection: Connection, clock: Clock, cluster: str, name: str, gpus: float, zone: str, carried: str,
        *, on: bool,
    ) -> None:  # fmt: skip
        self._connection, self._clock, self._on = connection, clock, on
        self._cluster, self._name, self._gpus, self._zone = cluster, name, gpus, zone
        self._run, self._attempt = _carried(carried)
        self._start_ms = 0

    @property
    def carried(self) -> str:
        """What an attempt elsewhere is told, so that it counts as one of the same run."""
        return f"{self._run}.{self._attempt}"

    def started(self) -> None:
        """An attempt begins."""
        self._attempt += 1
        self._start_ms = self._clock.now_ms()
        self._send("running", None, "")

    def ended(self, ended: Ended) -> None:
        """An attempt is over."""
        state = "completed" if ended.code == 0 else "preempted" if ended.code == INTERRUPTED else "failed"
        last = f"; goes on from {ended.last.path.name}" if ended.last else ""
        self._send(state, ended.code, f"{ended.notice}{last}" if ended.notice else "")

    def _send(self, state: str, code: int | None, reason: str) -> None:
        if not self._on:
            return
        record: dict[str, Any] = {
            "job": f"{self._name}-{self._run}.{self._attempt}", "state": state, "submit_ms": self._start_ms,
            "name": self._name, "reason": reason[:512], "exit_code": code, "start_ms": self._start_ms,
            "end_ms": None if state == "running" else self._clock.now_ms(), "gpus": self._gpus, "nodes": 1,
            "node_names": [socket.gethostname()], "tags": self._tags(),
        }  # fmt: skip
        try:
            with self._connection.client() as client:
                Runs(client).report(ReportRuns(self._cluster, "other", [RunRecord(**record)]))
        except TrimtabError as problem:
            remark(f"not recorded: {problem}")
            self._on = False

    def _tags(self) -> dict[str, str]:
        return {"run": self._run, **({"zone": self._zone} if self._zone else {})}
