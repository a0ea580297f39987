"""What of somebody is in a data directory: in the rows of every table, and in the bytes of every file."""

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from sqlalchemy import create_engine, select
from sqlalchemy.exc import OperationalError

from trimtab.store.state.tables import metadata
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint

_CODECS = {0x82: "lz4_raw", 0x90: "zstd"}
_HEAD = struct.Struct("<16xBII")  # of a compressed block: checksum, method, sizes with these nine bytes and without


def rows_with(data_dir: Path, mark: str) -> dict[str, int]:
    """By table of the running engine, how many rows have `mark` anywhere in them."""
    telemetry = Telemetry(lambda: embedded_endpoint(data_dir / "engine"))
    try:
        tables = telemetry.fetch_sync(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
        )["name"].tolist()
        found = {
            table: int(
                telemetry.fetch_sync(
                    f"SELECT count() AS rows FROM {table} WHERE position(toString(tuple(*)), {{mark:String}}) > 0",
                    {"mark": mark},
                )["rows"][0]
            )
            for table in tables
        }
        return {table: rows for table, rows in found.items() if rows}
    finally:
        telemetry.close()


def state_with(data_dir: Path, mark: str) -> dict[str, int]:
    """By table of the state, how many rows have `mark` in a text."""
    engine = create_engine(f"sqlite:///{data_dir / 'state.sqlite'}")
    try:
        with engine.connect() as connection:
            found = {
                table.name: sum(mark in repr(tuple(row)) for row in connection.execute(select(table)))
                for table in metadata.sorted_tables
            }
    except OperationalError as problem:
        raise AssertionError(f"{problem}: {data_dir}") from problem
    finally:
        engine.dispose()
    return {table: rows for table, rows in found.items() if rows}


def files_with(data_dir: Path, mark: str) -> list[str]:
    """The files that have `mark` in their name or bytes; columns of the engine are unpacked."""
    needle = mark.encode()
    return sorted(
        str(path.relative_to(data_dir))
        for path in data_dir.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and (mark in path.name or any(needle in one for one in _bytes(path)))
    )


def _bytes(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    yield raw
    if path.suffix == ".gz":
        yield gzip.decompress(raw)
    if "store" in path.parts and path.suffix in (".bin", ".idx", ".mrk2", ".cmrk2", ".cidx"):
        yield b"".join(_unpacked(raw))


def _unpacked(raw: bytes) -> Iterator[bytes]:
    """The compressed blocks in a file of a part: of a whole column, or of several in a compact part."""
    at = 0
    while at + _HEAD.size <= len(raw):
        method, packed, size = _HEAD.unpack_from(raw, at)
        body = raw[at + _HEAD.size : at + 16 + packed]
        if method == 0x91 and body:  # several codecs: their number, their methods, and the last one's block
            body = body[1 + body[0] :]
            method, packed, size = struct.unpack_from("<BII", body)
            body = body[9:packed]
        if method in _CODECS:
            yield pa.decompress(body, size, codec=_CODECS[method], asbytes=True)
        at += 16 + _HEAD.unpack_from(raw, at)[1]
