"""Scheduled reports and their writings in the state database."""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.jobs.schedule import Schedule
from trimtab.jobs.schedule import parse as parse_schedule
from trimtab.logs.exports.places import files_of
from trimtab.notify.kinds import recipients
from trimtab.reports.written.catalogue import template_of
from trimtab.reports.written.document import Document
from trimtab.reports.written.model import FORMATS, Scheduled, Status, Writing
from trimtab.store.state.database import State
from trimtab.store.state.schema.reports import report_schedules, report_writings

MOST_REPORTS = 500
"""Scheduled reports of an account."""
KEPT_WRITINGS = 60
"""Writings of a report that are kept: five years of months, a year of weeks."""
_NAME = re.compile(r"[^\W_][\w .-]{0,127}")
_TOPIC = re.compile(r"arn:[^:\s]+:sns:[^:\s]*:[^:\s]*:[^:\s]{1,256}")
_reports, _writings = report_schedules.c, report_writings.c
_TOLD = [column for column in report_writings.c if column.name != "document"]


class ReportStore:
    """The scheduled reports of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, report: Scheduled) -> Scheduled:
        """Keep a report in place of one of its name; its id, times and next turn are made here.

        Raises InvalidInput for what cannot be written or sent, LimitExceeded.
        """
        now_ms = self._clock.now_ms()
        made = replace(report, created_ms=now_ms)
        schedule = _checked(made)
        made = replace(made, next_ms=schedule.next_after(now_ms))

        def write(connection: Connection) -> Scheduled:
            mine = (_reports.account == made.account, _reports.name == made.name)
            known = connection.execute(select(report_schedules).where(*mine)).mappings().first()
            if known is not None:
                kept = replace(made, id=known["id"], created_ms=known["created_ms"])
                connection.execute(update(report_schedules).where(*mine).values(_row(kept)))
                return kept
            names = connection.execute(select(_reports.name).where(_reports.account == made.account)).all()
            if len(names) >= MOST_REPORTS:
                raise LimitExceeded(f"cannot schedule the report: there are {MOST_REPORTS}, as many as may be")
            new = replace(made, id=new_id())
            connection.execute(insert(report_schedules).values(_row(new)))
            return new

        return await self._state.change(write)

    async def get(self, scope: Scope, account: str, name: str) -> Scheduled:
        """Raises NotFound."""
        wanted = select(report_schedules).where(*_seen(scope), _reports.account == account, _reports.name == name)
        row = await self._state.read(lambda connection: connection.execute(wanted).mappings().first())
        if row is None or not _covers(scope, row):
            raise NotFound(f"cannot find the scheduled report {name[:128]!r}")
        return _read(row)

    async def listed(self, scope: Scope) -> list[Scheduled]:
        """By name."""
        wanted = select(report_schedules).where(*_seen(scope)).order_by(_reports.name, _reports.account)
        rows = await self._state.read(lambda connection: list(connection.execute(wanted).mappings()))
        return [_read(row) for row in rows if _covers(scope, row)]

    async def delete(self, scope: Scope, account: str, name: str) -> None:
        """Remove a report with its writings. Raises NotFound."""
        known = await self.get(scope, account, name)

        def write(connection: Connection) -> None:
            connection.execute(delete(report_schedules).where(_reports.id == known.id))
            connection.execute(delete(report_writings).where(_writings.report == known.id))

        await self._state.change(write)

    async def due(self, now_ms: int, limit: int) -> list[Scheduled]:
        """Reports whose time has come, the longest waiting first."""
        wanted = select(report_schedules).where(_reports.next_ms <= now_ms).order_by(_reports.next_ms).limit(limit)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(wanted).mappings()])

    async def writings(self, scope: Scope, limit: int = 50) -> list[Writing]:
        """The newest writings first."""
        seen = () if scope.accounts is None else (_writings.account.in_(sorted(scope.accounts)),)
        wanted = select(*_TOLD).where(*seen).order_by(_writings.at_ms.desc())

        def read(connection: Connection) -> list[Writing]:
            found = (_read_writing(row) for row in connection.execute(wanted).mappings() if _covers(scope, row))
            return list(islice(found, limit))

        return await self._state.read(read)

    async def writing(self, scope: Scope, id_: str) -> tuple[Writing, Document | None]:
        """One writing and its report, None where it failed. Raises NotFound."""
        seen = () if scope.accounts is None else (_writings.account.in_(sorted(scope.accounts)),)
        wanted = select(report_writings).where(_writings.id == id_, *seen)
        row = await self._state.read(lambda connection: connection.execute(wanted).mappings().first())
        if row is None or not _covers(scope, row):
            raise NotFound(f"cannot find the written report {id_[:40]!r}")
        packed = row["document"]
        return _read_writing(row), unpack(packed) if packed else None


def keep(connection: Connection, writing: Writing, account: str, document: bytes, next_ms: int | None) -> bool:
    """Keep a writing, set when its report is due again, and forget old ones; whether it was new."""
    known = select(_writings.id).where(_writings.report == writing.report, _writings.due_ms == writing.due_ms)
    if connection.execute(known).first() is not None:
        return False
    values = {
        **{name: getattr(writing, name) for name in ("id", "report", "template", "title", "owner", "problem")},
        **{name: getattr(writing, name) for name in ("start_ms", "end_ms", "due_ms", "at_ms")},
        "account": account,
        "status": writing.status.value,
        "head": json.dumps(list(writing.head)),
        "files": json.dumps(list(writing.files)),
        "accounts": json.dumps(None if writing.accounts is None else list(writing.accounts)),
        "document": document,
    }
    connection.execute(insert(report_writings).values(values))
    connection.execute(update(report_schedules).where(_reports.id == writing.report).values(next_ms=next_ms))
    order = select(_writings.id).where(_writings.report == writing.report).order_by(_writings.at_ms.desc())
    old = connection.execute(order.offset(KEPT_WRITINGS)).scalars().all()
    connection.execute(delete(report_writings).where(_writings.id.in_(old)))
    return True


def pack(document: Document) -> bytes:
    """A report as it is kept."""
    return gzip.compress(msgspec.json.encode(document), 6)


def unpack(packed: bytes) -> Document:
    """A report that was kept."""
    return typed.decode(gzip.decompress(packed), type=Document)


def _checked(report: Scheduled) -> Schedule:
    """The schedule of a report that can be written and sent. Raises InvalidInput."""
    if not _NAME.fullmatch(report.name):
        raise InvalidInput(
            f"cannot schedule a report named {report.name[:140]!r}: expected a letter or digit, then up to 127 more, "
            "spaces, `.`, `-` and `_`",
            field="name",
        )
    template = template_of(report.template)
    if template.per_owner and not report.owner:
        raise InvalidInput(f"cannot schedule {template.name}: expected the owner that it is for", field="owner")
    if report.emails:
        recipients(",".join(report.emails))
    wrong = [one for one in report.topics if not _TOPIC.fullmatch(one)]
    if wrong:
        raise InvalidInput(f"cannot tell {wrong[0][:300]!r}: expected the ARN of a topic or channel", field="topics")
    if set(report.formats) - set(FORMATS):
        raise InvalidInput(
            f"cannot write {list(report.formats)}: expected some of {', '.join(FORMATS)}", field="formats"
        )
    if report.folder:
        files_of(report.folder, "", Path())
    if not (report.emails or report.topics or report.folder):
        raise InvalidInput(
            "cannot schedule a report for nobody: expected addresses, topics or a folder", field="emails"
        )
    return parse_schedule(report.expression, report.zone, anchor_ms=report.created_ms)


def _seen(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return () if scope.accounts is None else (_reports.account.in_(sorted(scope.accounts)),)


def _covers(scope: Scope, row: RowMapping) -> bool:
    """Whether a scope sees all that a report may: what is written for others is not for who sees less."""
    if scope.accounts is None:
        return True
    accounts = json.loads(row["accounts"])
    return accounts is not None and scope.accounts.issuperset(accounts)


def _row(report: Scheduled) -> dict[str, Any]:
    plain = ("id", "account", "name", "template", "owner", "expression", "zone", "folder", "created_ms", "created_by")
    lists = {name: json.dumps(list(getattr(report, name))) for name in ("emails", "topics", "formats")}
    accounts = None if report.accounts is None else list(report.accounts)
    return {
        **{name: getattr(report, name) for name in plain},
        **lists,
        "accounts": json.dumps(accounts),
        "next_ms": report.next_ms,
    }


def _read(row: RowMapping) -> Scheduled:
    lists: Mapping[str, Any] = {name: json.loads(row[name]) for name in ("emails", "topics", "formats", "accounts")}
    return Scheduled(**{**row, **lists})


def _read_writing(row: RowMapping) -> Writing:
    values = {name: row[name] for name in Writing.__struct_fields__}
    lists: dict[str, Sequence[str]] = {name: json.loads(row[name]) for name in ("head", "files", "accounts")}
    return Writing(**{**values, **lists, "status": Status(row["status"])})
