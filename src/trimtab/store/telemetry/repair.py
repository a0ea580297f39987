"""Logs looked at and mended by hand: what a log holds, whole batches of a file taken aside, rows brought in later.

A log is looked at while its server runs or not. Rows go in through the running engine, as blocks of their own.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.base.whole_file import make_folder, sync_folder
from trimtab.settings import Settings
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint, server_endpoint
from trimtab.store.telemetry.damage import Damage, Survey, kept
from trimtab.store.telemetry.drain import inserts
from trimtab.store.telemetry.records import (
    FIRST_MAGIC,
    MAGIC,
    Columns,
    Gap,
    RecordType,
    decode_batch,
    decode_schema,
    format_of,
    scan,
)
from trimtab.store.telemetry.schema import TABLES, Layout
from trimtab.store.telemetry.segments import Segment
from trimtab.store.telemetry.set_aside import SetAside, listed, set_aside

REPLAYED = "replayed"
_FORMATS = " or ".join(magic.decode() for magic in (FIRST_MAGIC, MAGIC))


class Checked(Struct, frozen=True):
    """A log: its whole batches and their rows, what is damaged in its files now, what was found damaged before, and
    the rows that are set aside (file, table, reason)."""

    name: str
    segments: int
    batches: int
    rows: int
    damage: tuple[Damage, ...]
    before: tuple[Damage, ...]
    aside: tuple[tuple[Path, str, str], ...]


def verify(settings: Settings, now_ms: int) -> list[Checked]:
    """Every log of the data directory as its files are; nothing is changed."""
    return [_checked(directory, now_ms) for directory in _logs(settings)]


def salvage(settings: Settings, file: Path, now_ms: int) -> tuple[Path, int, int, list[Damage]]:
    """Set the whole batches of a segment file aside in the log of its kind, for `replay`: the first file, batches, rows
    and what is damaged. Raises InvalidInput for what is no segment or has no whole batch."""
    try:
        data = memoryview(file.read_bytes())
    except OSError as problem:
        raise InvalidInput(f"cannot read {file}: {problem.strerror}") from None
    segment = Segment(file, len(data), format=format_of(data))
    survey, found, columns = Survey(now_ms), [], dict[str, Columns]()
    for record in scan(data):
        if isinstance(record, Gap):
            survey.gap(segment, record)
            continue
        survey.record(segment, record)
        if record.type is RecordType.SCHEMA:
            columns = decode_schema(record.payload)
        elif record.type is RecordType.BATCH:
            found.append(decode_batch(record.payload)[1])
    if not found:
        raise InvalidInput(
            f"cannot salvage {file}: it has no whole batch; expected a segment of a log (it begins with {_FORMATS})"
        )
    whole = [section for sections in found for section in sections]
    if unknown := sorted({section.table for section in whole} - TABLES.keys()):
        raise InvalidInput(f"cannot salvage {file}: this version has no table {unknown[0]}; use the newer one")
    paths, name = [], blake2b(data, digest_size=8).hexdigest()
    for number, (table, rows) in enumerate(inserts(whole)):
        token = f"salvaged-{name}-{number}"
        log = next(one for one in _logs(settings, missing=True) if table.name in _TABLES_OF[one.name])
        log.mkdir(parents=True, exist_ok=True)
        written = columns.get(table.name, table.row_columns)
        about = SetAside(table.name, written, token, hash64(token), f"salvaged from {file}", now_ms)
        paths.append(set_aside(log, f"{token}.{table.name}", about, rows))
    return paths[0], len(found), sum(section.rows for section in whole), list(survey.found(0))


def replay(settings: Settings, files: Sequence[Path] = ()) -> Iterator[tuple[Path, str, int]]:
    """Bring rows that were set aside (all of them, or these files) into the running engine: file, table, bytes.

    A file that is in moves to `replayed/`. Raises InvalidInput, BlockRefused, Unavailable; what is done stays done.
    """
    waiting = {path: about for log in _logs(settings) for path, about in listed(log)}
    if unknown := [path for path in files if path not in waiting]:
        raise InvalidInput(
            f"cannot replay {unknown[0]}: expected one of the files that `trimtab log verify` lists as set aside"
        )
    telemetry = _engine(settings)
    try:
        for path in files or tuple(waiting):
            about = waiting[path] or _about(path)
            table = TABLES.get(about.table)
            if table is None:
                raise InvalidInput(f"cannot replay {path}: this version has no table {about.table}; use the newer one")
            rows = path.read_bytes()
            columns = None if about.columns == table.row_columns else about.columns or None
            arrived = telemetry.arrived(table, about.block) if table.multiset else frozenset[int]()
            telemetry.insert(table, rows, about.token, about.block, arrived, columns)
            _put_away(path)
            yield path, about.table, len(rows)
    finally:
        telemetry.close()


def _checked(directory: Path, now_ms: int) -> Checked:
    survey, batches, rows, done = Survey(now_ms), 0, 0, 0
    segments = sorted(directory.glob("*.log"))
    for path in segments:
        data = memoryview(path.read_bytes())
        segment = Segment(path, len(data), format=format_of(data))
        for record in scan(data):
            if isinstance(record, Gap):
                survey.gap(segment, record)
                continue
            survey.record(segment, record)
            if record.type is RecordType.BATCH:
                batches += 1
                rows += sum(section.rows for section in decode_batch(record.payload)[1])
            elif record.type is RecordType.DONE:
                done = max(done, record.sequence)
    aside = tuple(
        (
            path,
            about.table if about else _about(path).table,
            about.reason if about else "set aside by an earlier version",
        )
        for path, about in listed(directory)
    )
    told = {one.name for one in kept(directory)}
    damage = tuple(one for one in survey.found(done) if one.name not in told)
    return Checked(directory.name, len(segments), batches, rows, damage, tuple(kept(directory)), aside)


def about_of(path: Path) -> SetAside:
    """What is known of rows that are set aside."""
    about = path.with_suffix(".json")
    return typed.decode(about.read_bytes(), type=SetAside) if about.is_file() else _about(path)


def _about(path: Path) -> SetAside:
    """What the name of a file says that an earlier version set aside: TOKEN.TABLE.rowbinary, in the columns of now."""
    token, table = path.name.removesuffix(".rowbinary").rsplit(".", 1)
    return SetAside(table, (), token, hash64(token), "", 0)


def _put_away(path: Path) -> None:
    done = path.parent / REPLAYED
    make_folder(done, 0o700)
    path.replace(done / path.name)
    about = path.with_suffix(".json")
    if about.exists():
        about.replace(done / about.name)
    for folder in (done, path.parent):
        sync_folder(folder)


_TABLES_OF = {
    "metrics": frozenset(name for name in TABLES if name.startswith("metric_")),
    "logs": frozenset({"log_events"}),
    "traces": frozenset({"spans", "trace_times"}),
    "audit": frozenset({"audit_events"}),
}


def _logs(settings: Settings, *, missing: bool = False) -> list[Path]:
    folders = [settings.data_dir / "log" / name for name in _TABLES_OF]
    return [folder for folder in folders if missing or folder.is_dir()]


def _engine(settings: Settings) -> Telemetry:
    if settings.clickhouse_url:
        at = server_endpoint(settings.clickhouse_url)
        layout = Layout.CLUSTER if settings.clickhouse_cluster else Layout.SERVER
        return Telemetry(lambda: at, layout=layout, cluster=settings.clickhouse_cluster)
    return Telemetry(lambda: embedded_endpoint(settings.data_dir / "engine"))
