"""Where results of scheduled queries go: nowhere, a URL, a log group, a folder, S3, or a lookup table."""

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.egress.address import parse_url
from trimtab.logs.exports.places import files_of
from trimtab.logs.forwarding.model import Kind, read_place
from trimtab.logs.forwarding.payload import pack
from trimtab.logs.forwarding.queue import Forward
from trimtab.logs.insights.run import Found
from trimtab.logs.schedules.model import Delivery, Run, ScheduledQuery

FOLDER, LOOKUP, S3 = "folder:", "lookup:", "s3://"
PutTable = Callable[[str, str, str, Sequence[str], Sequence[Sequence[str | None]]], Awaitable[None]]
"""Gives an account and region a lookup table of a name: its columns and rows."""


def check_destination(destination: str, account: str, region: str) -> None:
    """Raise InvalidInput for what results cannot be sent to."""
    if not destination:
        return
    if destination.startswith((FOLDER, S3)):
        files_of(destination.removeprefix(FOLDER), "", Path())
    elif destination.startswith(LOOKUP):
        if not destination.removeprefix(LOOKUP).replace("_", "a").isalnum():
            raise InvalidInput(f"cannot use the lookup table {destination!r}: expected letters, digits and _")
    else:
        place = read_place(destination)
        if place.kind is Kind.URL:
            parse_url(destination)
        elif place.kind is not Kind.GROUP or (place.account, place.region) != (account, region):
            raise InvalidInput(
                f"cannot send results to {destination[:200]!r}: expected an http(s) URL, the ARN of a log group of "
                "this account and region, s3://bucket/prefix, folder:name or lookup:table"
            )


def writes_files(destination: str) -> bool:
    """Whether results become files, which are out of the reach of scopes: who may not export must not ask for it."""
    return destination.startswith((FOLDER, S3))


def packed(found: Found) -> bytes:
    """A result as it is kept."""
    return pack({"columns": list(found.names), "rows": found.rows})


class Deliveries(Struct, frozen=True):
    """Sends results: through the durable queue to URLs and log groups, directly into files and lookup tables."""

    enqueue: Callable[[Sequence[Forward]], Awaitable[None]]
    put_table: PutTable
    exports: Path

    async def send(self, query: ScheduledQuery, run: Run, found: Found) -> tuple[Delivery, str]:
        """Send a result; how far it is, and what it is called there. Raises InvalidInput, Unavailable."""
        destination = query.destination
        if not destination:
            return Delivery.NONE, ""
        if destination.startswith(LOOKUP):
            name = destination.removeprefix(LOOKUP)
            await self.put_table(query.account, query.region, name, found.names, found.rows)
            return Delivery.COMPLETE, name
        if destination.startswith((FOLDER, S3)):
            return Delivery.COMPLETE, self._file(query, run, found)
        place = read_place(destination)
        if place.kind is Kind.URL:
            document: Any = {**_about(query, run), "columns": list(found.names), "rows": found.rows}
            await self.enqueue([Forward(run.id, Kind.HOOK, destination, len(found.rows), pack(document))])
        else:
            await self.enqueue(
                [Forward(run.id, Kind.GROUP, destination, len(found.rows), pack(_as_events(query, run, found)))]
            )
        return Delivery.IN_PROGRESS, destination

    def _file(self, query: ScheduledQuery, run: Run, found: Found) -> str:
        """A JSON object a line, in a file named for the query and the time of its run."""
        files = files_of(query.destination.removeprefix(FOLDER), "", self.exports)
        lines = [msgspec.json.encode(dict(zip(found.names, row, strict=True))) for row in found.rows]
        name = "".join(one if one.isalnum() or one in "-_" else "-" for one in query.name)[:100]
        at = iso(run.triggered_ms).replace(":", "")
        return files.write(f"{name}/{at}-{run.id}.jsonl", b"".join(line + b"\n" for line in lines))


def _about(query: ScheduledQuery, run: Run) -> dict[str, Any]:
    return {
        "scheduledQuery": query.name,
        "scheduledQueryArn": query.arn,
        "runId": run.id,
        "triggered": iso(run.triggered_ms),
        "query": query.query,
    }


def _as_events(query: ScheduledQuery, run: Run, found: Found) -> dict[str, Any]:
    stream = query.name.replace(":", "-").replace("*", "-")
    rows = (json.dumps(dict(zip(found.names, row, strict=True)), ensure_ascii=False) for row in found.rows)
    return {"logStream": stream, "logEvents": [{"timestamp": run.triggered_ms, "message": row} for row in rows]}
