"""The key file under which the state's secrets are sealed: `<id> <key>` a line, the one that seals first.

More than one line is there while `trimtab secrets rotate` works, so that whatever lies in the database can be opened at
every moment of it.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trimtab.base.errors import SetupError
from trimtab.base.whole_file import make_folder, sync_folder

NAME = "state.key"
_BYTES = 32  # AES-256


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key, and the id by which what it sealed names it."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> "SealKey":
        """The key of these bytes."""
        return cls(hashlib.sha256(b"trimtab state key" + secret).hexdigest()[:16], secret)

    @classmethod
    def new(cls) -> "SealKey":
        """A random one."""
        return cls.of(secrets.token_bytes(_BYTES))


def read_keys(path: Path) -> tuple[SealKey, ...]:
    """The keys of a file, the one that seals first; none where there is no file. Raises SetupError."""
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as problem:
        raise SetupError(f"cannot read the key file {path}: {problem}") from problem
    keys = []
    for line in text.splitlines():
        id_, _, encoded = line.partition(" ")
        try:
            key = SealKey.of(base64.b64decode(encoded, validate=True))
        except binascii.Error:
            key = SealKey.of(b"")
        if key.id != id_ or len(key.secret) != _BYTES:
            raise SetupError(f"cannot read the key file {path}: it is damaged; bring it back from a backup")
        keys.append(key)
    return tuple(keys)


def write_keys(path: Path, keys: Sequence[SealKey]) -> None:
    """Put a file of these keys in the place of what is there, readable by this user only. Raises SetupError."""
    body = "".join(f"{key.id} {base64.b64encode(key.secret).decode()}\n" for key in keys)
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        make_folder(path.parent)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as problem:
        raise SetupError(f"cannot write the key file {path}: {problem.strerror}") from problem
