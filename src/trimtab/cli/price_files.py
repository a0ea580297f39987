"""Files to price: named, below folders, from a pipe, changed since a git revision, or in a diff."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.jobfiles.changes import after_of, before_of, changes_of, looks_like_diff
from trimtab.jobfiles.model import Reading
from trimtab.jobfiles.read import SCRIPTS, YAMLS, read

_MOST_FILES = 2000
"""Below one folder: a repository of manifests has some hundred."""
_GIT_S = 60
_OTHER = "cannot price the change of {}: the file here is neither as before it nor as after it"


class Read(Struct, frozen=True):
    """Readings of files as they are to be, and as they were where a change is priced (None where not)."""

    after: list[Reading]
    before: list[Reading] | None = None


def read_places(places: Sequence[Path]) -> Read:
    """Files, what is below folders, and standard input (`-`): diffs, or manifests."""
    after: list[Reading] = []
    before: list[Reading] = []
    is_change = False
    for place in places:
        for name, text in _named(place):
            if Path(name).suffix in (".diff", ".patch") or (str(place) == "-" and looks_like_diff(text)):
                is_change = True
                now, then = _of_diff(text)
                after += now
                before += then
            else:
                after.append(read(text, "standard input" if name == "-" else name))
    return Read(after, before if is_change else None)


def read_base(base: str, places: Sequence[Path]) -> Read:
    """Files that differ from a git revision, as they are in the work tree and as they were there."""
    names = _git("diff", "--name-only", "-z", "--relative", "--no-renames", base, "--", *map(str, places)).split("\0")
    after, before = [], []
    for name in filter(None, names):
        if not _may_ask(Path(name)):
            continue
        path = Path(name)
        if path.is_file():
            after += _asking(read(_text(path), name))
        old = subprocess.run(["git", "show", f"{base}:./{name}"], capture_output=True, timeout=_GIT_S, check=False)
        if old.returncode == 0:
            before += _asking(read(old.stdout.decode("utf-8", "replace"), name))
    return Read(after, before)


def _named(place: Path) -> list[tuple[str, str]]:
    if str(place) == "-":
        return [("-", sys.stdin.read())]
    if not place.is_dir():
        return [(str(place), _text(place))]
    found = [one for one in sorted(place.rglob("*")) if one.is_file() and _may_ask(one) and ".git" not in one.parts]
    if len(found) > _MOST_FILES:
        raise InvalidInput(f"cannot price {place}: it has {len(found):,} files; expected at most {_MOST_FILES:,}")
    texts = [(str(one), _text(one)) for one in found]
    return [(name, text) for name, text in texts if read(text, name).asks]


def _may_ask(path: Path) -> bool:
    return path.suffix.lower() in YAMLS | SCRIPTS


def _of_diff(text: str) -> tuple[list[Reading], list[Reading]]:
    """Readings of the files of a diff, after and before; the work tree has one of the two."""
    after, before = [], []
    for change in changes_of(text):
        if not _may_ask(Path(change.file)):
            continue
        here = Path(change.file)
        whole = _text(here) if here.is_file() else None
        if not change.before:
            new, old = after_of("", change), None
        elif not change.after:
            new, old = None, before_of("", change)
        elif whole is None:
            after.append(Reading(change.file, problems=(f"cannot price the change of {change.file}: it is not here",)))
            continue
        else:
            old = before_of(whole, change)
            new = whole if old is not None else after_of(whole, change)
            old = whole if old is None else old
            if new is None:
                after.append(Reading(change.file, problems=(_OTHER.format(change.file),)))
                continue
        after += _asking(read(new, change.file)) if new is not None else []
        before += _asking(read(old, change.file)) if old is not None else []
    return after, before


def _asking(reading: Reading) -> list[Reading]:
    """A file that asks for something; of others nothing is told, whatever they are."""
    return [reading] if reading.asks else []


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as problem:
        raise InvalidInput(f"cannot read {path}: {problem.strerror}") from None


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, timeout=_GIT_S, check=False)
    if done.returncode:
        raise InvalidInput(
            f"cannot tell what changed: git said {done.stderr.strip()!r}; try a revision such as origin/main"
        )
    return done.stdout
