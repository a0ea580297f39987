"""Writes reports whose time has come: files first, then the writing, the next turn and who is told in one transaction.

A turn that dies before that leaves files which the next attempt writes again under the same names. What could not be
read is tried again for an hour, then the writing is kept as failed, and told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, iso
from trimtab.base.errors import QueryAborted, TrimtabError, Unavailable
from trimtab.base.ids import new_id
from trimtab.events.outbox import emit
from trimtab.jobs.schedule import parse as parse_schedule
from trimtab.logs.exports.places import files_of
from trimtab.reports.written.catalogue import ask_of, template_of
from trimtab.reports.written.document import Document
from trimtab.reports.written.facts import Facts
from trimtab.reports.written.files import file_of
from trimtab.reports.written.model import WRITTEN, Scheduled, Status, Writing
from trimtab.reports.written.store import ReportStore, keep, pack
from trimtab.reports.written.template import document_of
from trimtab.reports.written.wording import span
from trimtab.store.state.database import State

logger = logging.getLogger(__name__)

Mail = Callable[[str, str], Awaitable[str]]
"""The ARN of the channel that mails to an address of an account."""
_AT_ONCE = 1
"""Reports that are written together: they read much beside what is being written, and nobody waits for one."""
_MOST_DUE = 200
"""Reports of a turn; what is beyond them is the next turn's."""
_PATIENCE_MS = 3_600_000


class ReportWriter(Struct, frozen=True):
    """Writes. `exports` is the folder of files."""

    state: State
    store: ReportStore
    facts: Facts
    mail: Mail
    exports: Path
    clock: Clock
    public_url: str

    async def turn(self) -> int:
        """Write what is due, one after the other; how many reports were looked at.

        What cannot be read is tried once a turn, so that it holds up no other report.
        """
        due = await self.store.due(self.clock.now_ms(), _MOST_DUE)
        room = asyncio.Semaphore(_AT_ONCE)

        async def write(report: Scheduled) -> None:
            async with room:
                await self._write(report)

        await asyncio.gather(*map(write, due))
        return len(due)

    async def _write(self, report: Scheduled) -> None:
        now_ms, due_ms = self.clock.now_ms(), report.next_ms or self.clock.now_ms()
        try:
            document, files = await self._made(report, due_ms)
            await self._keep(report, _written(report, document, files, due_ms, now_ms), document)
        except (QueryAborted, Unavailable) as problem:
            if now_ms - due_ms < _PATIENCE_MS:
                logger.warning("cannot write the report %r yet: %s", report.name, problem)
                return
            await self._keep(report, _failed(report, problem, due_ms, now_ms), None)
        except TrimtabError as problem:
            await self._keep(report, _failed(report, problem, due_ms, now_ms), None)

    async def _made(self, report: Scheduled, due_ms: int) -> tuple[Document, list[str]]:
        template = template_of(report.template)
        scope = Scope(None if report.accounts is None else frozenset(report.accounts))
        document = await document_of(template, self.facts, ask_of(template, scope, due_ms, owner=report.owner))
        if not report.folder:
            return document, []
        place = files_of(report.folder, "", self.exports)
        files = []
        for format_ in report.formats:
            made = await asyncio.to_thread(file_of, document, format_, self.public_url)
            files.append(await asyncio.to_thread(place.write, f"{_plain(report.name)}-{made.name}", made.content))
        return document, files

    async def _keep(self, report: Scheduled, writing: Writing, document: Document | None) -> None:
        told = [*report.topics, *[await self.mail(report.account, one) for one in report.emails]]
        schedule = parse_schedule(report.expression, report.zone, anchor_ms=report.created_ms)
        next_ms = schedule.next_after(max(writing.due_ms, writing.at_ms))

        def write(connection: Connection) -> None:
            if keep(connection, writing, report.account, pack(document) if document else b"", next_ms) and told:
                emit(connection, self.clock, WRITTEN, writing.id, _event(report, writing, told))

        await self.state.change(write)


def _written(report: Scheduled, document: Document, files: list[str], due_ms: int, now_ms: int) -> Writing:
    head = [one.text for one in document.facts]
    span_ = document.start_ms, document.end_ms
    return Writing(
        new_id(), report.id, report.template, document.title, report.owner, *span_, due_ms, now_ms, Status.WRITTEN,
        "", head, files, report.accounts,
    )  # fmt: skip


def _failed(report: Scheduled, problem: TrimtabError, due_ms: int, now_ms: int) -> Writing:
    template = template_of(report.template)
    ask = ask_of(template, Scope(), due_ms, owner=report.owner)
    return Writing(
        new_id(), report.id, report.template, template.title, report.owner, ask.start_ms, ask.end_ms, due_ms, now_ms,
        Status.FAILED, str(problem), (), (), report.accounts,
    )  # fmt: skip


def _event(report: Scheduled, writing: Writing, told: list[str]) -> dict[str, object]:
    failed = writing.status is Status.FAILED
    about = f"{writing.title}{f' · {report.owner}' if report.owner else ''}, {span(writing.start_ms, writing.end_ms)}"
    return {
        "account": report.account,
        "title": f"{'Not written: ' if failed else ''}{about}",
        "text": writing.problem if failed else "\n".join(f"{at}. {text}" for at, text in enumerate(writing.head, 1)),
        "severity": "error" if failed else "info",
        "actions": told,
        "link": f"/reports/{writing.id}",
        "Report": report.name,
        "Template": report.template,
        "PeriodStart": iso(writing.start_ms),
        "PeriodEnd": iso(writing.end_ms),
        "Files": list(writing.files),
    }


def _plain(name: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in name)
