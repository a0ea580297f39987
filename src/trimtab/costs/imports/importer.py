"""Imports a bill: choose files → read each into staging → receipt → swap billing months in. One at a time.

A crash before the swap leaves the previous state and is cleaned up at the next start; one within it is completed then:
staged rows are durable before `committing` is noted, and every step of the swap can be repeated.
"""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import Conflict, InvalidInput, TrimtabError, Unavailable
from trimtab.costs.files.choose import choose
from trimtab.costs.files.flatten import flatten, has_results
from trimtab.costs.files.folder import Folder
from trimtab.costs.files.nested import first_names, is_nested, lay_flat
from trimtab.costs.files.probe import TableFile, is_json, probe
from trimtab.costs.files.unpack import PlainFile, unpack
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.imports.staging import Staging, drop_months, drop_orphans
from trimtab.costs.model import Held, ImportRecord, ImportState, Receipt
from trimtab.costs.readers import rate_card
from trimtab.costs.readers.detect import FORMATS, is_known, read_columns
from trimtab.costs.readers.lines import UNREAD_TAGS
from trimtab.costs.readers.mapping import Mapping, chosen
from trimtab.store.telemetry.client import Telemetry

logger = logging.getLogger(__name__)

_PAUSES_S = (0.5, 2.0, 5.0, 15.0, 30.0)
"""Between attempts to swap, seconds: an engine that crashed is up again well before the last."""

_ENDING = ("committing", "undoing")
"""Phases that take seconds whatever the bill: an import in one of them may be "done" for whoever asks the ledger."""
_ENDING_S = 30.0
_SHOWN_TAGS = 80
_SHOWN_FIELDS = 8

OpenFolder = Callable[[str, Path], Folder]
"""The folder at a location (path or URL); what it copies goes under the given path."""


class ImportRequest(Struct, frozen=True):
    """What to import. `source` names what the bill replaces ("": its location); `add` allows a second copy. `mapping`
    is the name of a mapping of the package, or one in TOML ("": told by the columns).
    """

    location: str
    format: str = "auto"
    source: str = ""
    add: bool = False
    mapping: str = ""


class Progress(Struct, frozen=True):
    """How far an import is. `total_rows` is None where the files do not say."""

    phase: str
    files: int
    files_done: int
    rows: int
    total_rows: int | None
    bytes: int
    bytes_done: int


@dataclass
class _Running:
    """The import in progress, as its thread notes it."""

    id: int
    staging: Staging
    mapping: Mapping | None = None
    phase: str = "reading"
    files: int = 0
    files_done: int = 0
    bytes: int = 0
    bytes_done: int = 0
    total_rows: int | None = None


class Importer:
    """Runs imports and completes those that a crash cut short. Blocks: call it in a thread."""

    def __init__(
        self, telemetry: Telemetry, ledger: ImportLedger, work: Path, open_folder: OpenFolder, *, embedded: bool
    ) -> None:
        self._telemetry = telemetry
        self._ledger = ledger
        self._work = work
        self._open = open_folder
        self._embedded = embedded
        self._busy = threading.Lock()
        self._turn = ledger.turn(work.parent)
        self._running: _Running | None = None

    def run(self, request: ImportRequest, started: Callable[[int], None] = lambda _: None) -> ImportRecord:
        """Import, and answer the record with its receipt; `started` hears the import's id first.

        Raises Conflict while another import runs or where another source holds the same bill, InvalidInput for files
        that cannot be read. What was there before is then still there.
        """
        if request.format not in FORMATS:
            raise InvalidInput(f"cannot import: got format {request.format!r}; expected one of {', '.join(FORMATS)}")
        if request.mapping and request.format != "auto":
            raise InvalidInput(f"cannot import: got a mapping and format {request.format!r}; expected one of the two")
        mapping = chosen(request.mapping) if request.mapping else None
        self._enter("cannot import: another import is running; `trimtab costs imports` shows how far it is")
        try:
            self._recover()
            source = request.source or request.location
            import_id, source_id = self._ledger.begin(source, request.location, request.format)
            self._running = _Running(import_id, self._staging(import_id), mapping)
            started(import_id)
            self._attempt(request, source, import_id, source_id, self._running)
            return self._ledger.one(import_id)
        finally:
            self._running = None
            self._leave()

    def progress(self, import_id: int) -> Progress | None:
        """How far a running import is; None for one that does not run."""
        now = self._running
        if now is None or now.id != import_id:
            return None
        return Progress(
            now.phase, now.files, now.files_done, now.staging.rows(), now.total_rows, now.bytes, now.bytes_done
        )

    def drop(self, source: str, months: Sequence[int] = ()) -> int:
        """Take months of a source (all: none given) out; returns how many lines went. Raises NotFound, Conflict."""
        self._enter("cannot drop a bill: an import is running; `trimtab costs imports` shows how far it is")
        try:
            id_ = self._ledger.source_id(source)
            gone = [one for one in self._ledger.held() if one.source == source and (not months or one.month in months)]
            drop_months(self._telemetry, id_, [one.month for one in gone])
            self._ledger.forget(source, [one.month for one in gone])
            return sum(one.lines for one in gone)
        finally:
            self._leave()

    def recover(self) -> int:
        """Complete or undo what a crash left; returns how many imports that were.

        While another server imports, nothing: what is there may be its own, and whoever imports next looks.
        """
        shutil.rmtree(self._work, ignore_errors=True)
        if not self._turn.take():
            logger.info("another server imports a bill: what a crash may have left is looked at with the next import")
            return 0
        try:
            found = self._recover()
            drop_orphans(self._telemetry)
            return found
        finally:
            self._turn.give()

    def _enter(self, refusal: str) -> None:
        """Take the lock; an import that is about to end is waited for. Raises Conflict with `refusal`."""
        running = self._running
        ending = running is None or running.phase in _ENDING
        if not self._busy.acquire(timeout=_ENDING_S if ending else 0):
            raise Conflict(refusal)
        taken = False
        try:
            taken = self._turn.take()
        finally:
            if not taken:
                self._busy.release()
        if not taken:
            raise Conflict(f"{refusal}; it runs on another server")

    def _leave(self) -> None:
        try:
            self._turn.give()
        finally:
            self._busy.release()

    def _recover(self) -> int:
        left = self._ledger.unfinished()
        for record in left:
            staging = self._staging(record.id)
            if record.state is ImportState.COMMITTING and staging.there():
                self._swap(record.id, record.source, self._ledger.source_id(record.source), record.months, staging)
                logger.info("import %d was completed after a crash", record.id)
            else:
                self._ledger.fail(record.id, "it was interrupted; what was there before is unchanged. Import again")
                logger.info("import %d was interrupted and left nothing", record.id)
            staging.drop()
        return len(left)

    def _staging(self, import_id: int) -> Staging:
        return Staging(self._telemetry, import_id, embedded=self._embedded)

    def _attempt(self, request: ImportRequest, source: str, import_id: int, source_id: int, run: _Running) -> None:
        work = self._work / str(import_id)
        failed = "it ended by a bug; what was there before is unchanged, and the server's log says more"
        committed = False
        try:
            run.staging.create()
            receipt, held = self._stage(request, source, import_id, source_id, work, run)
            run.phase = "committing"
            self._ledger.commit(import_id, receipt)
            committed = True
            self._swap_at_last(import_id, source, source_id, receipt.months, run.staging, held)
        except TrimtabError as problem:
            failed = str(problem)
            raise
        except OSError as problem:
            failed = f"cannot import {request.location}: {problem}"
            raise InvalidInput(failed) from problem
        finally:
            shutil.rmtree(work, ignore_errors=True)
            if not committed:  # else this import, the next one or the next start completes it
                run.phase = "undoing"
                self._ledger.fail(import_id, failed)
                run.staging.drop()

    def _stage(
        self, request: ImportRequest, source: str, import_id: int, source_id: int, work: Path, run: _Running
    ) -> tuple[Receipt, list[Held]]:
        notes: dict[str, None] = {}
        files, format_ = [], request.format
        for file, one in self._tables(request, work, run, notes):
            mapping, said = read_columns(file.columns, _reader(one), file.shown, run.mapping)
            notes |= dict.fromkeys((*said, *file.notes))
            run.staging.read(file, mapping, source_id)
            files.append(file.shown)
            format_ = mapping.format if one != rate_card.FORMAT else one
        run.phase = "summing"
        held = run.staging.held(source, import_id)
        if not held:
            raise InvalidInput(f"cannot import {request.location}: {_nothing(run.staging)}")
        overlaps = self._overlaps(source, held)
        if overlaps and not request.add:
            raise Conflict(
                f"cannot import {request.location}: {overlaps[0]}; to replace that, name it with --source; "
                "to keep both, say --add"
            )
        notes |= dict.fromkeys(_unread(run.staging))
        totals = tuple(run.staging.totals())  # the file's own lines, not the days that they are divided over
        if lines := run.staging.divide():
            notes[f"{lines} lines of machine time over several days are divided: each day has its part"] = None
        run.staging.sum_up()
        months = [one.month for one in held]
        before = sum(one.lines for one in self._ledger.held() if one.source == source and one.month in months)
        receipt = Receipt(
            source=source,
            format=format_,
            files=tuple(files),
            lines=sum(one.lines for one in held),
            months=tuple(months),
            replaced_lines=before,
            totals=totals,
            skipped=tuple(run.staging.skipped()),
            notes=tuple(notes),
            overlaps=tuple(overlaps),
        )
        return receipt, held

    def _tables(
        self, request: ImportRequest, work: Path, run: _Running, notes: dict[str, None]
    ) -> Iterator[tuple[TableFile, str]]:
        """Every table of the bill with the name of its reader, unpacked as it is needed."""
        folder = self._open(request.location, work / "copied")
        chosen = choose(folder)
        notes |= dict.fromkeys(chosen.notes)
        sizes = {item.name: item.size for item in folder.items()}
        run.files, run.bytes = len(chosen.names), sum(sizes[name] for name in chosen.names)
        for name in chosen.names:
            for plain in unpack(folder.fetch(name), name, work / "plain"):
                if run.files > 1 and _stray(plain, run.mapping):
                    notes[f"{plain.shown} was not read: it is JSON, and no bill"] = None
                    continue
                file, format_ = _table(plain, request.format, work, run.mapping)
                run.total_rows = None if file.rows is None else (run.total_rows or 0) + file.rows
                yield file, format_
            run.files_done += 1
            run.bytes_done += sizes[name]

    def _overlaps(self, source: str, held: Sequence[Held]) -> list[str]:
        """Months of the same payer that another source has already. Bills that name no payer cannot be compared."""
        others: dict[tuple[int, str], str] = {}
        for one in self._ledger.held():
            if one.source != source:
                others |= {(one.month, account): one.source for account in one.accounts if account[-1:] != "/"}
        return [
            f"source {others[one.month, account]!r} already holds {one.month} of {account}"
            for one in held
            for account in one.accounts
            if (one.month, account) in others
        ]

    def _swap_at_last(
        self, import_id: int, source: str, source_id: int, months: Sequence[int], staging: Staging, held: list[Held]
    ) -> None:
        """Swap, and wait for an engine that is away: from `committing` on there is no way back."""
        for pause_s in (*_PAUSES_S, None):
            try:
                self._swap(import_id, source, source_id, months, staging, held)
                staging.drop()
            except Unavailable:
                if pause_s is None:
                    raise
                threading.Event().wait(pause_s)
            else:
                return

    def _swap(
        self,
        import_id: int,
        source: str,
        source_id: int,
        months: Sequence[int],
        staging: Staging,
        held: Sequence[Held] | None = None,
    ) -> None:
        held = staging.held(source, import_id) if held is None else held
        staging.swap(months, source_id)
        self._ledger.finish(import_id, held)


def _table(plain: PlainFile, format_: str, work: Path, mapping: Mapping | None) -> tuple[TableFile, str]:
    """The table in a file; rate cards, JSON, and Parquet with structs that no format has are written as one first."""
    target = work / f"{plain.path.name}.made.csv"
    if plain.path.suffix == ".parquet":
        file = probe(plain)
        names = [column.name for column in file.columns]
        if is_nested(plain.path) and (mapping is not None or not is_known(names, None, sure=True)):
            return probe(lay_flat(plain, target)), format_
        return file, format_
    if plain.path.suffix in (".yaml", ".yml") or format_ == rate_card.FORMAT:
        return probe(rate_card.expand(plain, target)), rate_card.FORMAT
    if not is_json(plain):
        return probe(plain), format_
    names = first_names(plain)
    if is_known(names, mapping):
        return probe(lay_flat(plain, target)), format_
    if has_results(plain):
        return probe(flatten(plain, target)), "llm"
    raise InvalidInput(
        f"cannot import {plain.shown}: it is JSON, and no bill: got fields {', '.join(names[:_SHOWN_FIELDS])}; "
        "expected an export of Google Cloud, FOCUS, or an answer of an LLM's cost API; try --mapping"
    )


def _stray(plain: PlainFile, mapping: Mapping | None) -> bool:
    """Whether a file among others is JSON of another kind: facts, settings, a report's definition."""
    if plain.path.suffix in (".parquet", ".yaml", ".yml") or not is_json(plain):
        return False
    return not is_known(first_names(plain), mapping) and not has_results(plain)


def _reader(format_: str) -> str:
    return "focus" if format_ == rate_card.FORMAT else format_


def _unread(staging: Staging) -> list[str]:
    """What is said of tags that are of no known form."""
    lines, example = staging.unread_tags()
    if not lines:
        return []
    return [
        f'cannot read the tags of {lines} lines: got {example[:_SHOWN_TAGS]!r}; expected JSON, as {{"team": "a"}} or '
        f'[{{"key": "team", "value": "a"}}]; they stay with the line as the property {UNREAD_TAGS}'
    ]


def _nothing(staging: Staging) -> str:
    skipped = staging.skipped()
    if skipped:
        return f"none of {sum(one.lines for one in skipped)} rows could be read: {skipped[0].reason}"
    return "it has no lines"
