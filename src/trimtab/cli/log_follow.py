"""`trimtab logs follow`: sends files as they are written."""

import re
import socket
import threading
from functools import partial
from pathlib import Path

import click

from trimtab.agent.follow import LINE, Follower
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.base.ids import hash64
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import remark
from trimtab.client.log_events import LogEvents

_POLL_S = 1.0
_AWAY_S = 5.0  # between two tries while the server is away


@click.command("follow")
@click.argument("group")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--stream", default="", help="The stream [this machine's name and the file's].")
@click.option("--begin", default="", metavar="REGEX", help="How an entry begins [a line that is not indented].")
@click.option("--seconds", type=click.FloatRange(0), help="End after so long; without it, at Ctrl-C.")
@server_options
def follow(
    connection: Connection, group: str, files: tuple[Path, ...], stream: str, begin: str, seconds: float | None
) -> None:
    """Send FILES to a log group as they are written, each entry once, over rotation and restarts."""
    try:
        re.compile(begin)
    except re.error as problem:
        raise InvalidInput(f"cannot use --begin: got {begin!r}, which is no regular expression: {problem}") from None
    notes = connection.settings.data_dir / "follow"
    notes.mkdir(parents=True, exist_ok=True)
    wait, waited, away = threading.Event(), 0.0, ""
    with connection.client() as client:
        followers = [
            Follower(
                path.resolve(),
                notes / f"{hash64(f'{connection.url} {group} {path.resolve()}'):016x}.json",
                partial(_send, LogEvents(client), group, stream or f"{socket.gethostname()}/{path.name}"),
                begin,
            )
            for path in files
        ]
        while seconds is None or waited <= seconds:
            try:
                more = sum(one.step() for one in followers) > 0  # every one has its turn
                away = ""
            except TrimtabError as problem:
                if str(problem) != away:
                    remark(f"{problem}. Trying again every {_AWAY_S:g} s; the files wait")
                more, away = False, str(problem)
            if not more:
                pause = _AWAY_S if away else _POLL_S
                wait.wait(pause)
                waited += pause
        for one in followers:
            one.close()


def _send(logs: LogEvents, group: str, stream: str, records: bytes, key: str) -> None:
    logs.ingest(group, records, stream=stream, message_key=LINE, key=key)
