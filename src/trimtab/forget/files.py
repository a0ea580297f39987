"""An owner's data in files of the data directory: beside the logs, and copies that were written of something."""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from trimtab.base.whole_file import sync_folder, write_whole
from trimtab.forget.engine import EngineRows
from trimtab.forget.model import Kind, Owner
from trimtab.store.telemetry.client import BlockRefused
from trimtab.store.telemetry.damage import FOLDER as DAMAGED
from trimtab.store.telemetry.repair import REPLAYED, about_of
from trimtab.store.telemetry.schema import TABLES
from trimtab.store.telemetry.set_aside import FOLDER as ASIDE
from trimtab.store.telemetry.set_aside import SetAside

COPIES = ("exports", "snapshots", "triggers", "batch", "costs/work", "profiles/uploads")
"""Folders of files that were written of what is kept elsewhere, or for somebody to fetch: one that names the owner goes
whole, though others' may be in it too."""
MONEY, AUDIT = ("costs/uploads",), ("audit",)
_PIECE = 1 << 20


def clean_aside(data_dir: Path, rows: EngineRows) -> tuple[int, list[str]]:
    """Take the owner's rows out of blocks that were set aside: how many, and the files that nobody can read.

    Lists of series come first: they say whose points are.
    """
    taken, unreadable, blocks = 0, [], []
    for folder in (ASIDE, f"{ASIDE}/{REPLAYED}"):
        for path in sorted((data_dir / "log").glob(f"*/{folder}/*.rowbinary")):
            about = about_of(path)
            if about.table in TABLES:
                blocks.append((path, about))
            else:
                unreadable.append(path.name)
    for path, about in sorted(blocks, key=lambda one: one[1].table != "metric_series"):
        try:
            taken += _clean(path, about, rows)
        except BlockRefused:
            unreadable.append(path.name)
    return taken, unreadable


def _clean(path: Path, about: SetAside, rows: EngineRows) -> int:
    table = TABLES[about.table]
    before = path.read_bytes()
    left, theirs = rows.left_of(table, about.columns or table.row_columns, before)
    if theirs and left:
        write_whole(path, left, lasting=True)
        path.chmod(0o600)
    elif theirs:
        path.unlink()
        path.with_suffix(".json").unlink(missing_ok=True)
        sync_folder(path.parent)
    return theirs


def clean_copies(data_dir: Path, owner: Owner) -> int:
    """Delete files that name the owner; how many."""
    folders = [*COPIES, *(MONEY if owner.bill else ()), *(AUDIT if owner.audit else ())]
    named = _named(owner)
    doomed = [path for folder in folders for path in _files(data_dir / folder) if _names(path, data_dir, named)]
    doomed += [path for path in (data_dir / "log").glob(f"*/{DAMAGED}/*.bin") if _names(path, data_dir, named)]
    for path in doomed:
        path.unlink()
        sync_folder(path.parent)
    return len(doomed)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _named(owner: Owner) -> re.Pattern[bytes]:
    """The owner's name as a word of its own."""
    around = rb"\d" if owner.kind is Kind.ACCOUNT else rb"[A-Za-z0-9_.-]"
    return re.compile(rb"(?<!" + around + rb")" + re.escape(owner.name.encode()) + rb"(?!" + around + rb")")


def _names(path: Path, data_dir: Path, named: re.Pattern[bytes]) -> bool:
    if named.search(str(path.relative_to(data_dir)).encode()):
        return True
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as opened:
            before = b""
            while piece := opened.read(_PIECE):
                if named.search(before + piece):
                    return True
                before = piece[-512:]
    except (OSError, EOFError, zlib.error):  # cut short, or not what its name says: what could be read did not name it
        return False
    return False
