"""`/rest/v1/state/…`: the whole state as a file, and a file in the place of the state.

A file is sent in parts (`PUT /rest/v1/state/file`), then tried or taken (`POST /rest/v1/state/import`): the server
starts anew with it. One file at a time; who sends part 0 begins again.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from trimtab import __version__
from trimtab.access.principal import Principal, Role
from trimtab.base.clock import Clock, iso
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError
from trimtab.client import state_wire as wire
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.rest.parts import offset_of, write_part
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.roles import DoorRoute
from trimtab.jobs.anew import Anew
from trimtab.store.state.database import State
from trimtab.store.state.portable import staged
from trimtab.store.state.portable.load import load
from trimtab.store.state.portable.local import missing
from trimtab.store.state.portable.read import check
from trimtab.store.state.portable.write import write

_PIECE = 1 << 20


class StateTransfers(Struct, frozen=True):
    """What the way of the state in and out needs. Free disk below `reserve_mb` MiB refuses a file."""

    state: State
    data_dir: Path
    clock: Clock
    anew: Anew
    reserve_mb: int

    @property
    def sent(self) -> Path:
        """Where the parts of a file are put together."""
        return self.data_dir / "state.sent"


def routes(needs: StateTransfers) -> list[BaseRoute]:
    """What is no JSON: the file as it goes out, and its parts as they come in."""

    async def export(request: Request) -> Response:
        try:
            check_over_everything(request.scope["state"]["principal"], "export the state")
            secrets = request.query_params.get("secrets", "true")
            if secrets not in ("true", "false"):
                raise InvalidInput(f"cannot export: got secrets={secrets!r}; expected true or false", field="secrets")
            file = await asyncio.to_thread(_written, needs, secrets=secrets == "true")
        except TrimtabError as problem:
            return answer_error(problem)
        name = {"Content-Disposition": 'attachment; filename="trimtab.state"', "Cache-Control": "no-store"}
        return StreamingResponse(_pieces(file), media_type="application/x-ndjson", headers=name)

    async def put(request: Request) -> Response:
        try:
            check_over_everything(request.scope["state"]["principal"], "import a state")
            offset = offset_of(request)
            body = await request.body()
            if not offset:  # whoever sends the first part begins again
                needs.sent.unlink(missing_ok=True)
                needs.sent.touch(0o600)
            size = await asyncio.to_thread(write_part, needs.sent, offset, body, needs.reserve_mb)
        except TrimtabError as problem:
            return answer_error(problem)
        return Response(msgspec.json.encode(wire.StateFile(size)), media_type="application/json")

    return [
        DoorRoute("/rest/v1/state/export", export, Role.ADMIN, methods=["GET"]),
        DoorRoute("/rest/v1/state/file", put, Role.ADMIN, methods=["PUT"]),
    ]


def operations(needs: StateTransfers) -> list[Operation]:
    """The operation that takes the file which was sent."""

    async def import_(call: Call[Any, wire.ImportState]) -> wire.StateImported:
        check_over_everything(call.principal, "import a state")
        if not needs.sent.exists():
            raise InvalidInput("cannot import: no file was sent; PUT its parts to /rest/v1/state/file first")
        try:
            told = await asyncio.to_thread(_tried, needs, call.body)
            if told.restarting:
                await asyncio.to_thread(staged.lay_ready, needs.sent, needs.data_dir)
                needs.anew.ask()
        finally:
            needs.sent.unlink(missing_ok=True)
        return told

    return [
        Operation(
            "POST", "/rest/v1/state/import", "import state",
            "Start anew with the state of the file that was sent, or only try it.", import_, wire.StateImported,
            body=wire.ImportState, role=Role.ADMIN, errors=(409,), tag="server",
        )
    ]  # fmt: skip


def check_over_everything(principal: Principal, what: str) -> None:
    """Raise AccessDenied for who sees less than everything: what is asked for is of all accounts and teams."""
    scope = principal.scope
    if principal.account is not None or scope.accounts is not None or scope.regions is not None or scope.rows:
        raise AccessDenied(f"cannot {what}: {principal.name!r} is bound to an account or a team; needs admin over all")


def _tried(needs: StateTransfers, asked: wire.ImportState) -> wire.StateImported:
    head, _ = check(needs.sent)
    tables = load(needs.state, needs.sent, replace=asked.replace, keep=False)
    return wire.StateImported(head.trimtab, head.revision, head.made_at, tables, missing(head), not asked.check)


def _written(needs: StateTransfers, *, secrets: bool) -> int:
    """The state in a file without a name, open to read."""
    file = needs.data_dir / f"state.{os.urandom(4).hex()}.export"
    write(needs.state, __version__, iso(needs.clock.now_ms()), file, secrets=secrets)
    opened = os.open(file, os.O_RDONLY)
    file.unlink()
    return opened


async def _pieces(file: int) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(os.read, file, _PIECE):
            yield piece
    finally:
        os.close(file)
