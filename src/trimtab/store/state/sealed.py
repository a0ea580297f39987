"""Secrets in the state, sealed: AES-256-GCM under the key file, each bound to the table, column and row where it lies.

Who reads the database file learns none of them, and who can write it cannot put one in another's place. A transaction
seals and opens, by its connection: as changes come one after another, none is sealed under a key that
`trimtab secrets rotate` has just put out of use.
"""

import base64
import binascii
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from sqlalchemy import Column, Connection, insert, select, update

from trimtab.base.errors import SetupError, Unavailable
from trimtab.store.state.key_file import SealKey, read_keys, write_keys
from trimtab.store.state.tables import (
    access_keys,
    audit_signing_keys,
    event_connections,
    event_destinations,
    notify_channels,
    notify_subscriptions,
    quicksight_credentials,
    state_seal,
)

SEALED: tuple[Column[str], ...] = (
    access_keys.c.secret,
    access_keys.c.password,
    audit_signing_keys.c.private,
    event_connections.c.secret,
    event_destinations.c.endpoint,
    notify_channels.c.endpoint,
    notify_channels.c.secret,
    notify_subscriptions.c.endpoint,
    notify_subscriptions.c.token,
    quicksight_credentials.c.secret,
)
"""Every column whose values are sealed. The row is named by the primary key, which is one column in all of them."""
_MARK = "sealed:1:"
_NONCE = 12  # bytes; random: a key seals far fewer than the 2^32 values for which that is safe
_OPTION = "seals"
_CHECK = "trimtab"
_ONE = 1


class Seals(Struct):
    """The keys of one State. `path` is None until it was unlocked."""

    path: Path | None = None
    keys: tuple[SealKey, ...] = ()
    changed_ns: int = 0

    def load(self) -> None:
        """Read the key file. Keys that were known stay known: what was read under them a moment ago is to be opened."""
        if self.path is None:
            raise AssertionError("bug: a secret of a state that was not unlocked; see State.open")
        self.changed_ns = _changed_ns(self.path)
        read = read_keys(self.path)
        self.keys = read + tuple(key for key in self.keys if key not in read)

    def sealing(self) -> SealKey:
        """The key that seals now."""
        if self.path is None or _changed_ns(self.path) != self.changed_ns:
            self.load()
        return self.keys[0]

    def opening(self, id_: str) -> SealKey | None:
        """The key of that id."""
        found = next((key for key in self.keys if key.id == id_), None)
        if found is None:
            self.load()
            found = next((key for key in self.keys if key.id == id_), None)
        return found


def derived(seals: Seals, purpose: str) -> list[bytes]:
    """Keys for a purpose, one of each key that seals, the one in use first. Who has one learns no other from it."""
    seals.sealing()
    return [hmac.digest(key.secret, f"trimtab {purpose}".encode(), "sha256") for key in seals.keys]


def options_of(seals: Seals) -> dict[str, object]:
    """The execution options of an engine whose connections seal."""
    return {_OPTION: seals}


def stamp(connection: Connection) -> int:
    """Different after the key file was written: what could not be opened before may be now."""
    path = _seals(connection).path
    return 0 if path is None else _changed_ns(path)


def seal(connection: Connection, column: Column[str], row: str, text: str) -> str:
    """`text` as `column` of the row with the primary key `row` keeps it. Within a change.

    Raises Unavailable where another machine rotated the key and this one's file has not got the new one: what is sealed
    under the old one nobody could open.
    """
    seals = _seals(connection)
    now = connection.execute(select(state_seal.c.body)).scalar()
    if now is not None and seals.opening(_parts(now)[0]) is None:
        raise Unavailable(
            f"cannot seal a secret: {seals.path} is of before `trimtab secrets rotate` ran on another machine; "
            "copy the key file of that machine here"
        )
    return _sealed(seals.sealing(), column, row, text)


def _sealed(key: SealKey, column: Column[str], row: str, text: str) -> str:
    nonce = os.urandom(_NONCE)
    body = nonce + AESGCM(key.secret).encrypt(nonce, text.encode("utf-8", "surrogatepass"), _bound(column, row))
    return f"{_MARK}{key.id}:{base64.b64encode(body).decode()}"


def unseal(connection: Connection, column: Column[str], row: str, kept: str) -> str:
    """The text that `seal` kept. Raises SetupError for one that was not sealed here, or lay in another row."""
    text = _opened(_seals(connection), column, row, kept)
    if text is None:
        raise SetupError(
            f"cannot open {column.table.name}.{column.name} of {row!r}: it was not sealed for this place under this key"
        )
    return text


def sealed_columns(table: str) -> tuple[str, ...]:
    """The names of a table's columns whose values are sealed."""
    return tuple(column.name for column in SEALED if column.table.name == table)


def plain(connection: Connection, column: Column[str], row: str, kept: str) -> str:
    """The text of a value that is sealed, or not yet, as in a database of an earlier version. Raises SetupError."""
    return unseal(connection, column, row, kept) if kept.startswith(_MARK) else kept


def unlock(connection: Connection, seals: Seals) -> bool:
    """Whether the keys of `seals` open this state; False for a state that was never sealed. Raises SetupError."""
    kept = connection.execute(select(state_seal.c.body)).scalar()
    if kept is None:
        return False
    if not seals.path or not seals.path.exists():
        raise SetupError(
            f"cannot open the state: its secrets are sealed, and the key file {seals.path} is not there; bring it back "
            "(a backup of the data folder has it), or name it with TRIMTAB_STATE_KEY_FILE"
        )
    seals.load()
    if _opened(seals, state_seal.c.body, str(_ONE), kept) != _CHECK:
        raise SetupError(
            f"cannot open the state: its secrets are sealed under another key than those of {seals.path}; bring back "
            "the key file that belongs to this state, or name it with TRIMTAB_STATE_KEY_FILE"
        )
    return True


def has_plain(connection: Connection) -> bool:
    """Whether a column that is sealed today holds what an earlier version kept as it is."""
    return any(
        connection.execute(select(column).where(column.not_like(f"{_MARK}%")).limit(1)).first() for column in SEALED
    )


def seal_all(connection: Connection, seals: Seals) -> int:
    """Seal every secret, also what is plain yet, under the key file, made where there is none; how many."""
    if seals.path is None:
        raise AssertionError("bug: a state without a key file")
    if not seals.path.exists():
        write_keys(seals.path, [SealKey.new()])
    seals.load()
    return _reseal(connection, seals)


def rotate(connection: Connection, seals: Seals) -> int:
    """Seal every secret anew under a new key; how many. The file has the old key until `drop_old`.

    A crash leaves a file whose keys open whatever is in the database.
    """
    if seals.path is None:
        raise AssertionError("bug: a state without a key file")
    write_keys(seals.path, [SealKey.new(), *read_keys(seals.path)])
    return _reseal(connection, seals)


def drop_old(seals: Seals) -> None:
    """Leave only the key that seals in the file."""
    if seals.path is not None:
        write_keys(seals.path, [seals.sealing()])


def _reseal(connection: Connection, seals: Seals) -> int:
    count, key_now = 0, seals.sealing()
    for column in SEALED:
        table, [key] = column.table, list(column.table.primary_key.columns)
        for row, kept in connection.execute(select(key, column).where(column.is_not(None))).all():
            sealed = _sealed(key_now, column, row, plain(connection, column, row, kept))
            connection.execute(update(table).where(key == row).values({column.name: sealed}))
            count += 1
    body = {"body": _sealed(key_now, state_seal.c.body, str(_ONE), _CHECK)}
    if connection.execute(update(state_seal).where(state_seal.c.id == _ONE).values(body)).rowcount == 0:
        connection.execute(insert(state_seal).values({"id": _ONE, **body}))
    return count


def _opened(seals: Seals, column: Column[str], row: str, kept: str) -> str | None:
    id_, encoded = _parts(kept)
    key = seals.opening(id_) if kept.startswith(_MARK) else None
    if key is None:
        return None
    try:
        body = base64.b64decode(encoded, validate=True)
        plain = AESGCM(key.secret).decrypt(body[:_NONCE], body[_NONCE:], _bound(column, row))
    except (binascii.Error, InvalidTag, ValueError):
        return None
    return plain.decode("utf-8", "surrogatepass")


def _parts(kept: str) -> tuple[str, str]:
    """The id of the key, and what it sealed."""
    id_, _, encoded = kept.removeprefix(_MARK).partition(":")
    return id_, encoded


def _bound(column: Column[str], row: str) -> bytes:
    return f"{column.table.name}\0{column.name}\0{row}".encode()


def _seals(connection: Connection) -> Seals:
    seals: Seals = connection.get_execution_options()[_OPTION]
    return seals


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
