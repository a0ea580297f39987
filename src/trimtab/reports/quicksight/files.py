"""Files that a data source of type S3 reads: its manifest, and tables of CSV, TSV and JSON. Blocks.

{"fileLocations": [{"URIs": ["s3://bucket/orders.csv"]}, {"URIPrefixes": ["s3://bucket/orders/"]}],
 "globalUploadSettings": {"format": "CSV", "delimiter": ",", "textqualifier": "\\"", "containsHeader": "true"}}
"""

import csv
import gzip
import io
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.cloud.buckets import Buckets
from trimtab.reports.quicksight.allowed import Allowed
from trimtab.reports.quicksight.problems import Unreadable

_MOST_FILES = 1_000
_HTTPS = re.compile(r"https://(?:s3[\w.-]*\.amazonaws\.com/([^/]+)|([^/]+?)\.s3[\w.-]*\.amazonaws\.com)/(.*)")
_QUALIFIERS = {"DOUBLE_QUOTE": '"', "SINGLE_QUOTE": "'"}


class Manifest(Struct, frozen=True):
    """What a manifest names: objects, prefixes, and how its files are written (as UploadSettings say it)."""

    objects: tuple[str, ...]
    prefixes: tuple[str, ...]
    upload: Mapping[str, Any]


class Files(Struct, frozen=True):
    """The files that data sources may read."""

    buckets: Buckets
    allowed: Allowed

    def manifest(self, bucket: str, key: str) -> Manifest:
        """The manifest at a place, every file in it one that may be read. Raises Unreadable, Unavailable."""
        uri = f"s3://{bucket}/{key.lstrip('/')}"
        self.allowed.check_object(uri)
        with tempfile.TemporaryDirectory() as copies:
            try:
                found = _manifest(self._object(uri, Path(copies)).read_bytes())
            except Unreadable:
                raise
            except (ValueError, TypeError, KeyError, AttributeError) as problem:
                raise _no_manifest(uri, f"{type(problem).__name__}: {problem}") from None
        if not found.objects and not found.prefixes:
            raise _no_manifest(uri, "it names no file")
        for one in (*found.objects, *found.prefixes):
            self.allowed.check_object(one)
        return found

    def rows(self, manifest: Manifest, upload: Mapping[str, Any], columns: Sequence[str], most: int) -> list[list[Any]]:
        """The columns of every file's rows, at most `most` rows. Raises Unreadable, Unavailable."""
        form = {**manifest.upload, **upload}
        found: list[list[Any]] = []
        with tempfile.TemporaryDirectory() as folder:
            for path in self._paths(manifest, Path(folder)):
                try:
                    found += islice(_rows(path, form, columns), most - len(found))
                except (ValueError, EOFError, csv.Error, gzip.BadGzipFile) as problem:
                    if isinstance(problem, Unreadable):
                        raise
                    raise _no_file(path.name, str(problem), "FAILURE_TO_PROCESS_JSON_FILE") from None
                if len(found) >= most:
                    break
        return found

    def _paths(self, manifest: Manifest, copies: Path) -> Iterator[Path]:
        paths = [self._object(uri, copies / f"object{at}") for at, uri in enumerate(manifest.objects)]
        for at, prefix in enumerate(manifest.prefixes):
            paths += self._below(prefix, copies / f"prefix{at}")
        if len(paths) > _MOST_FILES:
            raise _no_file("the manifest", f"{len(paths)} files, of at most {_MOST_FILES}", "S3_MANIFEST_ERROR")
        yield from paths

    def _object(self, uri: str, copies: Path) -> Path:
        name = PurePosixPath(uri).name
        try:
            found = self.buckets.read(uri, copies, (name,))
        except InvalidInput as problem:
            raise _no_file(uri, str(problem), "S3_FILE_INACCESSIBLE") from None
        path = found / name if found.is_dir() else found
        if not path.is_file():
            raise _no_file(uri, "there is no such file", "S3_FILE_INACCESSIBLE")
        return path

    def _below(self, prefix: str, copies: Path) -> list[Path]:
        """The files under a prefix, which need not end where a folder does."""
        try:
            here = self.buckets.local(prefix)
            if here is None:
                found = self.buckets.read(prefix, copies)
                paths = [one for one in found.rglob("*") if one.is_file()]
            elif prefix.endswith("/"):
                paths = [one for one in here.rglob("*") if one.is_file()]
            else:
                near = [one for one in here.parent.glob("*") if one.name.startswith(here.name)]
                paths = [file for one in near for file in (one.rglob("*") if one.is_dir() else [one]) if file.is_file()]
        except InvalidInput as problem:
            raise _no_file(prefix, str(problem), "S3_FILE_INACCESSIBLE") from None
        return sorted(one for one in paths if not one.name.startswith("."))


def _manifest(body: bytes) -> Manifest:
    document = typed.loads(body)
    objects, prefixes = list[str](), list[str]()
    for location in document["fileLocations"]:
        objects += [_uri(one) for one in location.get("URIs") or ()]
        prefixes += [_uri(one) for one in location.get("URIPrefixes") or ()]
    given = document.get("globalUploadSettings") or {}
    upload: dict[str, Any] = {}
    if given.get("format"):
        upload["Format"] = str(given["format"]).upper()
    if given.get("delimiter"):
        upload["Delimiter"] = str(given["delimiter"])
    if given.get("textqualifier"):
        upload["TextQualifier"] = str(given["textqualifier"])
    if "containsHeader" in given:
        upload["ContainsHeader"] = str(given["containsHeader"]).lower() == "true"
    return Manifest(tuple(objects), tuple(prefixes), upload)


def _uri(text: str) -> str:
    if match := _HTTPS.fullmatch(text):
        return f"s3://{match[1] or match[2]}/{match[3]}"
    return text


def _rows(path: Path, form: Mapping[str, Any], columns: Sequence[str]) -> Iterator[list[Any]]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = raw.decode("utf-8-sig")
    match form.get("Format", "CSV"):
        case "CSV" | "TSV" as kind:
            yield from _separated(text, form, columns, "\t" if kind == "TSV" else ",")
        case "JSON":
            for one in _objects(text):
                yield [one.get(name) for name in columns]
        case kind:
            raise _no_file(path.name, f"files of format {kind} are not read; expected CSV, TSV or JSON",
                           "S3_FILE_INACCESSIBLE")  # fmt: skip


def _separated(text: str, form: Mapping[str, Any], columns: Sequence[str], usual: str) -> Iterator[list[Any]]:
    """Rows of a text with separators: columns by the header's names, else in their order."""
    given = str(form.get("TextQualifier") or '"')
    quote = _QUALIFIERS.get(given, given[:1])
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=form.get("Delimiter") or usual, quotechar=quote)
    rows = islice(lines, max(int(form.get("StartFromRow") or 1), 1) - 1, None)
    places = list(range(len(columns)))
    if form.get("ContainsHeader", True):
        header = [one.strip() for one in next(rows, [])]
        absent = [name for name in columns if name not in header]
        if absent:
            raise Unreadable(f"cannot read the files: no column is called {absent[0]!r}; there are {', '.join(header)}",
                             "GENERIC_SQL_FAILURE", "SQL_SCHEMA_MISMATCH_ERROR")  # fmt: skip
        places = [header.index(name) for name in columns]
    for row in rows:
        if row:
            yield [row[at] if at < len(row) else None for at in places]


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON list, or one a line."""
    lines = filter(str.strip, text.split("\n"))
    whole = typed.loads(text) if text.lstrip().startswith("[") else map(typed.loads, lines)
    for one in whole:
        if not isinstance(one, dict):
            raise ValueError("expected objects")
        yield one


def _no_manifest(uri: str, why: str) -> Unreadable:
    return Unreadable(f"cannot read the manifest {uri}: {why}", "COPY_SOURCE_NOT_FOUND", "S3_MANIFEST_ERROR")


def _no_file(what: str, why: str, kind: str) -> Unreadable:
    return Unreadable(f"cannot read {what}: {why}", "COPY_SOURCE_NOT_FOUND", kind)
