"""`trimtab logs follow`: sends files as they are written, with what the agent follows files with."""

import glob
import logging
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import click

from trimtab import __version__
from trimtab.agent.identity import agent_id
from trimtab.agent.lock import exclusive
from trimtab.agent.sender import Sender
from trimtab.agent.tail.batch import INGEST
from trimtab.agent.tail.config import FileSet
from trimtab.agent.tail.shipping import Shipping
from trimtab.agent.tail.tailer import POLL_S
from trimtab.agent.tail.trail import QUIET_S
from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import remark


@click.command("follow")
@click.argument("group")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--stream", default="{host}/{file}", show_default=True, help="The stream: a name, or a template of one.")
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
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    clock = SystemClock()
    paths = [str(path.resolve()) for path in files]
    set_ = FileSet([glob.escape(path) for path in paths], group=group, stream=stream, begin=begin)
    named = hash64(" ".join((connection.url, group, *paths)))
    directory = connection.settings.data_dir / "follow" / f"{named:016x}"
    with exclusive(directory):
        sender = Sender(connection.url, connection.token, clock, __version__, wire=INGEST, ca_file=connection.ca_file)
        prefix = f"{agent_id(directory, '')}/l"
        shipping = Shipping([set_], directory, socket.gethostname(), sender, prefix, clock)
        try:
            shipping.run(_until(seconds, clock))
        except KeyboardInterrupt:
            remark("the same command goes on from here")
        if not shipping.end():
            remark("what was not sent yet waits for the same command")


def _until(seconds: float | None, clock: Clock) -> Callable[[float], bool]:
    """Waits; the last entry of a file that is not written to any more is taken before the end."""
    end_s = None if seconds is None else clock.monotonic() + seconds + QUIET_S + POLL_S
    never = threading.Event()

    def wait(pause_s: float) -> bool:
        if end_s is not None and clock.monotonic() >= end_s:
            return True
        return never.wait(pause_s)

    return wait
