"""The chain of digests: one an hour, over the hashes of what was taken in it, each with the hash of the one before.

Who changes, removes or adds a record must make every later digest anew, and cannot sign one. The last hash, kept
elsewhere (a trail delivers it, `trimtab audit verify` prints it), shows a chain that was made anew with a stolen key.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from trimtab.audit.digests.keys import SigningKeys
from trimtab.audit.ingest import AuditIngest
from trimtab.base.clock import Clock, iso
from trimtab.store.sql import load_queries
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_digests
from trimtab.store.telemetry.client import ReadLimits, Telemetry

HOUR_MS = 3_600_000
_LAG_MS = 300_000  # an hour is closed 5 minutes after its end: another server's records have arrived by then
_QUERIES = load_queries("trimtab.audit.digests")
_LIMITS = ReadLimits(seconds=120, memory_mb=1024, threads=1)
GENESIS = "0" * 64
"""What stands for the digest before the first."""

Entry = tuple[str, str, str]
"""(account, event id, hash) of a record."""


class Digest(Struct, frozen=True):
    """A link of the chain. `root` is the hash over its entries, `hash` that over the digest itself."""

    number: int
    start_ms: int
    end_ms: int
    records: int
    root: str
    previous: str
    hash: str
    key: str
    signature: str

    @property
    def text(self) -> bytes:
        """What is hashed and signed."""
        parts = (self.number, self.start_ms, self.end_ms, self.records, self.root, self.previous)
        return "\n".join(map(str, ("trimtab-audit-digest-v1", *parts))).encode()

    def document(self) -> dict[str, Any]:
        """The digest as a file has it."""
        return {
            "digestNumber": self.number,
            "digestStartTime": iso(self.start_ms),
            "digestEndTime": iso(self.end_ms),
            "records": self.records,
            "recordsHash": self.root,
            "previousDigestHashValue": self.previous,
            "digestHashValue": self.hash,
            "digestPublicKeyFingerprint": self.key,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "digestSignature": self.signature,
        }


class DigestChain:
    """Closes hours, and reads the links."""

    def __init__(
        self, telemetry: Telemetry, state: State, ingest: AuditIngest, keys: SigningKeys, clock: Clock
    ) -> None:
        self._telemetry = telemetry
        self._state = state
        self._ingest = ingest
        self._keys = keys
        self._clock = clock

    async def close_hours(self) -> int:
        """Make the digests of hours that have ended; those without records are part of the next. How many were made."""
        until_ms = (self._clock.now_ms() - _LAG_MS) // HOUR_MS * HOUR_MS
        last = await self.last()
        if last is not None and last.end_ms >= until_ms:
            return 0
        await self._ingest.settled()
        start_ms = await self._first_hour() if last is None else last.end_ms
        if start_ms is None:
            return 0
        made = 0
        for end_ms in range(start_ms + HOUR_MS, until_ms + 1, HOUR_MS):
            entries = await self.entries(start_ms, end_ms)
            if entries or end_ms == until_ms:
                await self._state.change(partial(self._add, start_ms=start_ms, end_ms=end_ms, entries=entries))
                start_ms, made = end_ms, made + 1
        return made

    async def last(self) -> Digest | None:
        """The newest link."""
        query = select(audit_digests).order_by(audit_digests.c.number.desc()).limit(1)
        row = await self._state.read(lambda connection: connection.execute(query).first())
        return None if row is None else _digest(row)

    async def all(self, after: int = 0) -> list[Digest]:
        """The links behind number `after`, in order, without their entries."""
        columns = [column for column in audit_digests.c if column.name != "entries"]
        query = select(*columns).where(audit_digests.c.number > after).order_by(audit_digests.c.number)
        return [_digest(row) for row in await self._state.read(lambda connection: connection.execute(query).all())]

    async def kept_entries(self, number: int) -> list[Entry]:
        """The entries of a link as they were when it was made."""
        query = select(audit_digests.c.entries).where(audit_digests.c.number == number)
        packed = await self._state.read(lambda connection: connection.execute(query).scalar_one())
        return [(one[0], one[1], one[2]) for one in json.loads(gzip.decompress(packed))]

    async def entries(self, start_ms: int, end_ms: int) -> list[Entry]:
        """The entries of a range as the records are now."""
        params = {"start": start_ms, "end": end_ms}
        found = await self._telemetry.fetch(_QUERIES["hashes"], params, limits=_LIMITS)
        columns = (found[name].tolist() for name in ("account", "event_id", "hash"))
        return list(zip(*columns, strict=True))

    async def _first_hour(self) -> int | None:
        found = await self._telemetry.fetch(_QUERIES["first"])
        return None if not found["events"][0] else int(found["at"][0]) // HOUR_MS * HOUR_MS

    def _add(self, connection: Connection, start_ms: int, end_ms: int, entries: Sequence[Entry]) -> None:
        query = select(audit_digests.c.number, audit_digests.c.hash, audit_digests.c.end_ms)
        last = connection.execute(query.order_by(audit_digests.c.number.desc()).limit(1)).first()
        if last is not None and last.end_ms > start_ms:
            return  # another server closed the hour first
        number, previous = (last.number + 1, last.hash) if last is not None else (1, GENESIS)
        plain = Digest(number, start_ms, end_ms, len(entries), root_of(entries), previous, "", "", "")
        key, signature = self._keys.sign(connection, plain.text)
        row: Mapping[str, Any] = {
            "number": number,
            "start_ms": start_ms,
            "end_ms": end_ms,
            "records": len(entries),
            "root": plain.root,
            "previous": previous,
            "hash": hash_of(plain),
            "key": key,
            "signature": signature,
            "entries": gzip.compress(json.dumps(entries, separators=(",", ":")).encode(), mtime=0),
        }
        connection.execute(insert(audit_digests).values(row))


def root_of(entries: Sequence[Entry]) -> str:
    """The SHA-256 over entries in order."""
    whole = hashlib.sha256()
    for account, id_, hash_ in entries:
        whole.update(f"{account}\x1f{id_}\x1f{hash_}\n".encode())
    return whole.hexdigest()


def hash_of(digest: Digest) -> str:
    """The SHA-256 over a digest, which the next one has in it."""
    return hashlib.sha256(digest.text).hexdigest()


def _digest(row: Any) -> Digest:
    return Digest(
        row.number, row.start_ms, row.end_ms, row.records, row.root, row.previous, row.hash, row.key, row.signature
    )
