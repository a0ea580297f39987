"""`trimtab backup` and `trimtab restore`: a whole data directory under one name, every file with its checksum."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.clock import Clock, iso
from trimtab.base.errors import SetupError
from trimtab.base.whole_file import sync_folder, write_whole
from trimtab.settings import Settings
from trimtab.store.backup.folder import discard, files, folders, picture
from trimtab.store.backup.standstill import processes_of, standstill
from trimtab.store.telemetry.lock import lock_directory, owner_of

MANIFEST = "manifest.json"
_DATA = "data"
_PREFIX = "trimtab-"
_PIECE = 1 << 20
_VERSION = 1


class File(msgspec.Struct, frozen=True):
    """A file of a backup: its path in the data directory, size in bytes, mode, change in ns, and SHA-256; or a link."""

    path: str
    bytes: int = 0
    mode: int = 0o600
    changed_ns: int = 0
    sha256: str = ""
    link: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, and since when."""

    version: int
    trimtab: str
    made_at: str
    data_dir: str
    stood_still_s: float
    engine: bool
    state: bool
    files: list[File]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(one.bytes for one in self.files)


class Backup(Struct, frozen=True):
    """A backup that is whole: its folder and its manifest."""

    folder: Path
    manifest: Manifest


def take(settings: Settings, target: Path, clock: Clock, version: str) -> Backup:
    """Copy the data directory into a new folder of `target`, while trimtab runs or not.

    A running trimtab stands still while its files are linked to, and goes on while they are copied. What an earlier
    backup in `target` has already is a link to that. Raises SetupError; a backup that is not whole leaves no folder.
    """
    data_dir = settings.data_dir
    if not data_dir.is_dir():
        raise SetupError(f"cannot back up {data_dir}: there is no such directory; set TRIMTAB_DATA_DIR")
    if target.resolve().is_relative_to(data_dir.resolve()):
        raise SetupError(f"cannot back up {data_dir} into itself: give a folder outside of it, on another disk")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = newest(target)
    now_ms = clock.now_ms()
    folder = target / f"{_PREFIX}{_second(now_ms)}"
    partial_ = folder.with_suffix(".partial")
    if folder.exists():
        raise SetupError(f"cannot make {folder}: it is there; ask again in a second")
    try:
        source, still_s = _picture(data_dir, clock)
        made = Manifest(
            _VERSION, version, iso(now_ms), str(data_dir), round(still_s, 3), not settings.clickhouse_url,
            not settings.state_url, _copied(source, partial_, before),
        )  # fmt: skip
        write_whole(partial_ / MANIFEST, msgspec.json.format(msgspec.json.encode(made)), lasting=True)
        os.sync()
        partial_.rename(folder)
        sync_folder(target)
    except OSError as problem:
        raise SetupError(f"cannot make a backup in {target}: {problem.strerror}; nothing was kept of it") from problem
    finally:
        discard(data_dir)
        shutil.rmtree(partial_, ignore_errors=True)
    return Backup(folder, made)


def _second(ms: int) -> str:
    return iso(ms).partition(".")[0].replace("-", "").replace(":", "").removesuffix("Z") + "Z"


def _picture(data_dir: Path, clock: Clock) -> tuple[Path, float]:
    """Take the picture: where it is, and how long (s) a running trimtab stood still for it."""
    running = processes_of(data_dir)
    with ExitStack() as held:
        if not running:  # nobody may start meanwhile
            for place in ("engine", "log/metrics"):
                if (data_dir / place).is_dir():
                    held.enter_context(lock_directory(data_dir / place))
        begun = clock.monotonic()
        if running:
            held.enter_context(standstill(partial(processes_of, data_dir)))
        made = picture(data_dir)
        return made, clock.monotonic() - begun if running else 0.0


def _copied(source: Path, target: Path, before: Backup | None) -> list[File]:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700)
    for path in folders(source):
        (target / _DATA / path.relative_to(source)).mkdir(mode=0o700)
    known = {one.path: one for one in before.manifest.files} if before else {}
    found = []
    for path in files(source):
        name = path.relative_to(source)
        there = target / _DATA / name
        if path.is_symlink():
            there.symlink_to(path.readlink())
            found.append(File(str(name), link=str(path.readlink())))
            continue
        about = path.stat()
        old = known.get(str(name)) if about.st_nlink > 1 else None  # a link is to what is never written again
        if before and old and (old.bytes, old.changed_ns) == (about.st_size, about.st_mtime_ns):
            os.link(before.folder / _DATA / name, there)
            found.append(old)
            continue
        digest = _copy(path, there)
        mode = stat.S_IMODE(about.st_mode)
        found.append(File(str(name), about.st_size, mode, about.st_mtime_ns, digest))
    return found


def _copy(source: Path, target: Path) -> str:
    """Copy a file, and return the SHA-256 of what was read (hex)."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("xb") as written:
        while piece := read.read(_PIECE):
            digest.update(piece)
            written.write(piece)
    shutil.copystat(source, target)
    return digest.hexdigest()


def backups(target: Path) -> list[Backup]:
    """The whole backups in a folder, oldest first."""
    made = sorted(one for one in target.glob(f"{_PREFIX}*") if (one / MANIFEST).is_file())
    return [Backup(one, _manifest(one)) for one in made]


def newest(target: Path) -> Backup | None:
    """The last backup in a folder."""
    return next(reversed(backups(target)), None)


def forget(target: Path, keep: int) -> list[Path]:
    """Remove all backups of a folder but the newest `keep`; the removed ones."""
    old = [one.folder for one in backups(target)[:-keep]] if keep > 0 else []
    for one in old:
        going = one.rename(one.with_suffix(".partial"))  # without its name it is no backup any more
        shutil.rmtree(going)
    return old


def _manifest(folder: Path) -> Manifest:
    try:
        found = typed.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, ValueError) as problem:
        raise SetupError(
            f"cannot read {folder / MANIFEST}: {problem}; expected a folder that `trimtab backup` made"
        ) from problem
    if found.version > _VERSION:
        raise SetupError(f"cannot read {folder}: trimtab {found.trimtab} made it, a newer one; restore it with that")
    return found


def check(folder: Path) -> tuple[Manifest, list[str]]:
    """Read a whole backup: its manifest, and what is wrong with its files. Raises SetupError if it is no backup."""
    manifest = _manifest(folder)
    return manifest, list(_wrong(folder / _DATA, manifest))


def _wrong(data: Path, manifest: Manifest) -> Iterator[str]:
    for one in manifest.files:
        path = data / one.path
        if one.link:
            if not path.is_symlink() or str(path.readlink()) != one.link:
                yield f"{one.path} is no link to {one.link}"
        elif not path.is_file():
            yield f"{one.path} is missing"
        else:
            with path.open("rb") as read:
                if hashlib.file_digest(read, "sha256").hexdigest() != one.sha256:
                    yield f"{one.path} is not what was backed up"
    known = {one.path for one in manifest.files}
    yield from (
        f"{extra} was not backed up" for path in files(data) if (extra := str(path.relative_to(data))) not in known
    )


def restore(settings: Settings, folder: Path, clock: Clock, *, replace: bool = False) -> tuple[Manifest, Path | None]:
    """Put a backup where the data directory is; with `replace` what is there is kept beside it, and its path returned.

    The copy is compared with the checksums before it takes the place. Raises SetupError, and then nothing has changed.
    """
    data_dir = settings.data_dir
    manifest = _manifest(folder)
    for place in ("engine", "log/metrics"):
        if (owner := owner_of(data_dir / place)) is not None:
            raise SetupError(f"cannot restore to {data_dir}: process {owner} is using it; stop that trimtab first")
    there = data_dir.is_dir() and any(data_dir.iterdir())
    if there and not replace:
        raise SetupError(
            f"cannot restore to {data_dir}: it is not empty; give --replace to keep what is there beside it, or "
            "another TRIMTAB_DATA_DIR"
        )
    new = data_dir.with_name(f"{data_dir.name}.restoring")
    shutil.rmtree(new, ignore_errors=True)
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(folder / _DATA, new, symlinks=True)
        wrong = list(_wrong(new, manifest))
        if wrong:
            raise SetupError(f"cannot restore {folder}: {_several(wrong)}; nothing was changed")
        os.sync()
        kept = data_dir.with_name(f"{data_dir.name}.was-{_second(clock.now_ms())}") if there else None
        if kept:
            data_dir.rename(kept)
        elif data_dir.is_dir():
            data_dir.rmdir()
        new.rename(data_dir)
        sync_folder(data_dir.parent)
    except OSError as problem:
        raise SetupError(f"cannot restore to {data_dir}: {problem.strerror or problem}") from problem
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return manifest, kept


def _several(wrong: list[str]) -> str:
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return ", ".join(wrong[:3]) + more
