"""`trimtab import`: a bill, or with `cloudtrail` first, files of audit records."""

import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from trimtab.base.errors import InvalidInput
from trimtab.base.loopback import is_loopback
from trimtab.cli import bill
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, remark
from trimtab.client import audit_wire as wire
from trimtab.client.audit import Audit

_POLL_S = 0.2
_BILL = "bill"


class _Kinds(click.Group):
    """Takes what is no kind for the place of a bill: `trimtab import FILE` is `trimtab import bill FILE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the kind in where it is left out."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_BILL, *args]
        return super().parse_args(ctx, args)


@click.group("import", cls=_Kinds)
def import_() -> None:
    """Import a bill (`trimtab import FILE`), or CloudTrail files (`trimtab import cloudtrail DIR`)."""


@import_.command("cloudtrail")
@click.argument("place", metavar="FILE|DIR|s3://BUCKET/PREFIX")
@json_option
@server_options
def cloudtrail(connection: Connection, place: str, as_json: bool) -> None:
    """Read CloudTrail files into the audit: `.json` or `.json.gz`, alone or in the S3 key layout (AWSLogs/…).

    A record that is held already is left out, so reading the same files again changes nothing. Digests are skipped.
    """
    with connection.client(timeout_s=300) as client:
        audit = Audit(client)
        done = _read_there(audit, place, client.host) or _send(audit, Path(place).expanduser())
    if as_json:
        print_json(done)
    else:
        remark(f"{done.records} records in {done.files} files; {done.stored} are new")
        for note in done.notes:
            remark(f"note: {note}")
    if done.state == "failed":
        raise click.ClickException(done.problem)


def _read_there(audit: Audit, place: str, host: str) -> wire.AuditImport | None:
    """Let the server read, where it can: what is in S3, and what is on its own machine."""
    if not place.startswith("s3://"):
        path = Path(place).expanduser().resolve()
        if not path.exists():
            raise InvalidInput(f"cannot import {place}: there is no such file or folder")
        if not is_loopback(host):
            return None
        place = str(path)
    done, pause = audit.start_import(place), threading.Event()
    while done.state == "reading":
        pause.wait(_POLL_S)
        done = audit.import_(done.id)
    return done


def _send(audit: Audit, path: Path) -> wire.AuditImport:
    """Send the records of files to a server elsewhere."""
    files = records = stored = 0
    notes: list[str] = []
    for file in [path] if path.is_file() else sorted(path.rglob("*.json*")):
        if "CloudTrail-Digest" in str(file) or not file.is_file():
            continue
        files += 1
        for part in _parts(file):
            answer = audit.put(part)
            records, stored = records + len(part), stored + answer.stored
            notes += [f"{file.name}: {one}" for one in answer.refused]
    return wire.AuditImport(0, str(path), "done", 0, None, files, records, stored, "", notes[:20])


def _parts(file: Path) -> Iterator[list[dict[str, Any]]]:
    raw = file.read_bytes()
    try:
        document = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except (ValueError, OSError) as problem:
        raise InvalidInput(f"cannot read {file}: {problem}") from None
    found = document.get("Records", []) if isinstance(document, dict) else document
    for at in range(0, len(found), wire.MAX_RECORDS):
        yield found[at : at + wire.MAX_RECORDS]


import_.add_command(bill.import_, _BILL)
