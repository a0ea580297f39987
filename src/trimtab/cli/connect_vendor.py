"""`trimtab connect openai` and `trimtab connect anthropic`: what a vendor of models billed, day by day, as a bill."""

import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from trimtab.base.clock import Clock, SystemClock, iso
from trimtab.base.errors import SetupError, TrimtabError
from trimtab.base.timerange import parse_duration_ms, parse_since_ms
from trimtab.cli.bill import bring
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, remark
from trimtab.client import costs_wire as wire
from trimtab.sources.vendors.costs import ANTHROPIC, OPENAI, CostPages, Vendor

_DAY_MS = 86_400_000
_LATE_MS = 5 * _DAY_MS
"""How long after its end a month is read again: vendors correct the last days of it."""


def command_of(vendor: Vendor) -> click.Command:
    """`trimtab connect VENDOR`."""

    @click.command(
        vendor.name,
        help=f"""Import what {vendor.title} billed, from its cost API, with {vendor.key}.

        Whole months are read, since a month that is imported again replaces the old one. Calls of models that are
        traced are then held against this bill in `trimtab tokens`. It reads, and changes nothing.
        """,
    )
    @click.option(
        "--key-file", type=click.Path(path_type=Path), required=True, help="File with the key; read anew each time."
    )
    @click.option(
        "--since", default="60d", show_default=True, help="From the month of then: 60d, or a time as ISO 8601."
    )
    @click.option("--follow", is_flag=True, help="Go on with what comes, until interrupted.")
    @click.option("--interval", default="6h", show_default=True, help="With --follow: time between two reads.")
    @click.option("--source", default=vendor.name, show_default=True, help="Name of the bill.")
    @click.option("--vendor-url", default=vendor.url, show_default=True, help="A gateway in the vendor's place.")
    @click.option("--ca-file", default="", help="PEM file of authorities to trust for it, beside the system's.")
    @json_option
    @server_options
    def connect_vendor(
        connection: Connection, key_file: Path, since: str, follow: bool, interval: str, source: str,
        vendor_url: str, ca_file: str, as_json: bool,
    ) -> None:  # fmt: skip
        clock, pause_s = SystemClock(), parse_duration_ms(interval) / 1000
        event = threading.Event()

        def read(since_ms: int) -> None:
            pages = CostPages(vendor, _key(key_file), clock, event.wait, vendor_url, ca_file)
            try:
                _import(connection, pages, vendor, source, _month(since_ms), clock, as_json=as_json)
            finally:
                pages.close()

        read(parse_since_ms(since, clock.now_ms()))
        if follow:
            remark("following; Ctrl-C ends it")
        while follow and not event.wait(pause_s):
            try:
                read(clock.now_ms() - _LATE_MS)
            except (TrimtabError, click.ClickException) as problem:  # tomorrow the vendor may be there again
                remark(f"{iso(clock.now_ms())} {problem}; trying again in {interval}")

    return connect_vendor


openai, anthropic = command_of(OPENAI), command_of(ANTHROPIC)


def _import(
    connection: Connection, pages: CostPages, vendor: Vendor, source: str, start_ms: int, clock: Clock, *, as_json: bool
) -> None:
    end_ms = (clock.now_ms() // _DAY_MS + 1) * _DAY_MS  # today's bucket ends at midnight
    with tempfile.TemporaryDirectory(prefix="trimtab-") as folder, connection.client() as client:
        if not _write(pages.over(start_ms, end_ms), Path(folder), vendor.name):
            remark(f"{vendor.title} has billed nothing since {iso(start_ms)[:10]}")
            return
        bring(client, folder, wire.StartImport("", "llm", source), as_json=as_json)


def _write(pages: Iterator[bytes], folder: Path, name: str) -> int:
    """Each page to a file as it came; how many there were."""
    number = 0
    for number, page in enumerate(pages, 1):
        (folder / f"{name}-{number:04}.json").write_bytes(page)
    return number


def _month(at_ms: int) -> int:
    """When the month of a time began (ms, UTC)."""
    first = datetime.fromtimestamp(at_ms / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(first.timestamp() * 1000)


def _key(path: Path) -> str:
    """The key in a file. Raises SetupError."""
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise SetupError(f"cannot read key file {path}: {problem}; expected the key alone in it") from None
    if not key.isascii() or not key.isprintable() or not key:
        raise SetupError(f"cannot use what key file {path} has: expected one line with the key alone")
    return key
