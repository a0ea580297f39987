"""Keys without a running server: the state database of this machine, opened directly.

The one place beside `up` where the command line loads a part of the server, by name, so that the base install
stays light: a first key has to be made before a server that asks for keys can be talked to.
"""

import asyncio
import importlib
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

from trimtab.base import typed
from trimtab.base.clock import SystemClock
from trimtab.base.errors import SetupError
from trimtab.client import wire
from trimtab.settings import Settings

K = TypeVar("K", wire.Key, wire.NewKey)


class OfflineKeys:
    """The calls of `client.api.Client` on keys, answered by the state database."""

    def __init__(self, settings: Settings, store: Any, grant: ModuleType) -> None:
        self._settings = settings
        self._store = store
        self._grant = grant

    def keys(self) -> list[wire.Key]:
        """Every access key and token."""
        return [_plain(key, wire.Key) for key in _run(self._store.list())]

    def create_key(self, key: wire.CreateKey) -> wire.NewKey:
        """Make an access key or a token."""
        rows = self._grant.rules_of(key.teams, key.tags)
        account = key.account or (self._settings.account_id if key.kind == "aws" else None)
        grant = self._grant.Grant(self._grant.Role(key.role), account, rows)
        return _plain(_run(self._store.create(key.kind, key.name, grant, key.expires_ms)), wire.NewKey)

    def rotate_key(self, id_: str, overlap_s: int) -> wire.NewKey:
        """A new key in the place of one, which goes on working for `overlap_s` seconds."""
        return _plain(_run(self._store.rotate(id_, overlap_s * 1000)), wire.NewKey)

    def revoke_key(self, id_: str) -> wire.Key:
        """Revoke a key."""
        return _plain(_run(self._store.revoke(id_)), wire.Key)


@contextmanager
def offline_keys(settings: Settings) -> Iterator[OfflineKeys]:
    """Open the keys of this machine's data directory. Raises SetupError where the server part is not installed."""
    try:
        database = importlib.import_module("trimtab.store.state.database")
        keys = importlib.import_module("trimtab.access.keys")
        grant = importlib.import_module("trimtab.access.grant")
    except ModuleNotFoundError as problem:
        raise SetupError(
            "cannot open keys without a running server: this is the light install; start the server first, "
            f"or pip install 'trimtab[server]' (missing: {problem.name})"
        ) from None
    try:
        state = database.State.open(settings.state_url, settings.data_dir)
    except OSError as problem:
        raise SetupError(f"cannot open data directory {settings.data_dir}: {problem}; set TRIMTAB_DATA_DIR") from None
    try:
        yield OfflineKeys(settings, keys.KeyStore(state, SystemClock()), grant)
    finally:
        state.close()


def _run(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(call)


def _plain(key: Any, kind: type[K]) -> K:
    return typed.convert(key, kind, from_attributes=True)
