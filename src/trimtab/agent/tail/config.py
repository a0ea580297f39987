"""Which log files to follow: a list of globs, or a TOML file.

[[file]]
paths = ["/var/log/app/*.log"]
exclude = ["*debug*"]
group = "/app/{stem}"        # default {dir}; fields: {host} {dir} {parent} {file} {stem}
stream = "{host}"            # default {host}/{file}
begin = '^\\d{4}-\\d\\d-\\d\\d'  # how an entry begins; default: a line that is not indented
time = "%d.%m.%Y %H:%M:%S"   # default auto: finds the usual forms; none: the time at which it was read
timezone = "Europe/Berlin"   # of times that name none; default local
start = "end"                # of files that are there at the first start; default beginning
"""

import re
import tomllib
from pathlib import Path
from string import Formatter
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import SetupError

FIELDS = ("host", "dir", "parent", "file", "stem")
"""What the templates of groups and streams may name."""
LOCAL = "local"


class FileSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files that are followed alike."""

    paths: list[str]
    exclude: list[str] = []
    group: str = "{dir}"
    stream: str = "{host}/{file}"
    begin: str = ""
    time: str = "auto"
    timezone: str = LOCAL
    start: Literal["beginning", "end"] = "beginning"

    def place(self, path: Path, host: str) -> "LogPlace":
        """The group and stream of the lines of `path`."""
        known = {
            "host": host,
            "dir": str(path.parent),
            "parent": path.parent.name,
            "file": path.name,
            "stem": path.stem,
        }
        return LogPlace(self.group.format(**known), self.stream.format(**known))


class LogPlace(Struct, frozen=True):
    """The names of a log group and a stream."""

    group: str
    stream: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: list[FileSet] = []


def read(text: str) -> list[FileSet]:
    """What `text` names: the path of a .toml file, or globs separated by commas, each as GLOB or GROUP=GLOB.

    Raises SetupError that names what is wrong.
    """
    if text.strip().endswith(".toml"):
        return _load(Path(text.strip()).expanduser())
    sets = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        group, separator, pattern = part.partition("=")
        sets.append(FileSet([pattern], group=group) if separator and group else FileSet([part]))
    return [_checked("the list of log files", one) for one in sets]


def _load(file: Path) -> list[FileSet]:
    try:
        found = typed.convert(tomllib.loads(file.read_text("utf-8")), _File).file
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as problem:
        raise SetupError(f"cannot read log files from {file}: {problem}; expected [[file]] tables with paths") from None
    return [_checked(str(file), one) for one in found]


def _checked(source: str, files: FileSet) -> FileSet:
    wrong = _wrong_path(files) or _wrong_names(files) or _wrong_regex(files) or _wrong_zone(files)
    if wrong:
        raise SetupError(f"cannot follow {', '.join(files.paths) or 'files'} of {source}: {wrong}")
    return msgspec.structs.replace(files, paths=[str(Path(path).expanduser()) for path in files.paths])


def _wrong_path(files: FileSet) -> str:
    if not files.paths:
        return "got no paths; expected at least one"
    relative = [path for path in files.paths if not Path(path).expanduser().is_absolute()]
    return f"got {relative[0]!r}; expected an absolute path" if relative else ""


def _wrong_names(files: FileSet) -> str:
    for template in (files.group, files.stream):
        try:
            names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
        except ValueError as problem:
            return f"got {template!r}: {problem}"
        unknown = [name for name in names if name not in FIELDS]
        if unknown:
            return f"got {{{unknown[0]}}} in {template!r}; expected one of {', '.join(FIELDS)}"
    return "" if files.group else "got an empty group; expected a name"


def _wrong_regex(files: FileSet) -> str:
    try:
        re.compile(files.begin.encode())
    except re.error as problem:
        return f"got begin {files.begin!r}, which is no regular expression: {problem}"
    return ""


def _wrong_zone(files: FileSet) -> str:
    if files.timezone == LOCAL:
        return ""
    try:
        ZoneInfo(files.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return f"got timezone {files.timezone!r}; expected {LOCAL}, UTC or a name such as Europe/Berlin"
    return ""
