"""Who comes in, through the server or, where none runs, from the state database of this machine, opened directly.

The one place beside `up` where the command line loads a part of the server, by name, so that the base install
stays light: a first key has to be made before a server that asks for keys can be talked to, and who locked everybody
out needs a way in.
"""

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from trimtab.base.clock import SystemClock
from trimtab.base.errors import SetupError, Unavailable
from trimtab.cli.connection import Connection
from trimtab.cli.output import remark
from trimtab.client.api import Client
from trimtab.settings import Settings


@contextmanager
def access_client(connection: Connection) -> Iterator[Client]:
    """A client of the server where it answers, else of the data directory of this machine."""
    if not connection.is_local or _is_up(connection):
        with connection.client() as client:
            yield client
        return
    with _offline(connection.settings) as client:
        remark("The server does not run: using the keys of this machine's data directory.")
        yield client


def _is_up(connection: Connection) -> bool:
    with connection.client(timeout_s=5) as client:
        try:
            client.health()
        except Unavailable:
            return False
        return True


@contextmanager
def _offline(settings: Settings) -> Iterator[Client]:
    """A client of the same operations in this process. Raises SetupError where the server part is not installed."""
    try:
        database = importlib.import_module("trimtab.store.state.database")
        room = importlib.import_module("trimtab.access.room")
        door = importlib.import_module("trimtab.doors.rest.access_app")
    except ModuleNotFoundError as problem:
        raise SetupError(
            "cannot open keys without a running server: this is the light install; start the server first, "
            f"or pip install 'trimtab[server]' (missing: {problem.name})"
        ) from None
    try:
        state = database.State.open(settings.state_url, settings.data_dir, settings.state_key_file)
    except OSError as problem:
        raise SetupError(f"cannot open data directory {settings.data_dir}: {problem}; set TRIMTAB_DATA_DIR") from None
    try:
        app = door.access_app(room.AccessRoom.of(state, SystemClock()), settings.account_id)
        with Client("http://127.0.0.1", transport=_InProcess(app)) as client:
            yield client
    finally:
        state.close()


class _InProcess(httpx.BaseTransport):
    """Hands the requests of a client to an ASGI application in this process."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The application's answer."""
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())
