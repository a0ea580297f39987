"""Export tasks: which events of a group are copied into files, and how far that is."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.logs.exports.places import files_of
from trimtab.logs.model import Group
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_exports import log_export_tasks
from trimtab.store.state.upcoming import NOW, Upcoming

NOWHERE = Path()
"""Stands for the folder of exports where only names are looked at."""
DEFAULT_PREFIX = "exportedlogs"
"""Where files go without a prefix, as documented."""
_columns = log_export_tasks.c


class Status(StrEnum):
    """How far a task is, by CloudWatch Logs' names."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PENDING_CANCEL = "PENDING_CANCEL"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


OPEN = (Status.PENDING, Status.RUNNING, Status.PENDING_CANCEL)
"""The states of a task that is not over."""


class Wish(Struct, frozen=True):
    """What to copy: events of `[from_ms, to_ms]` of streams that begin with `stream_prefix`, and where."""

    name: str
    from_ms: int
    to_ms: int
    destination: str
    prefix: str = DEFAULT_PREFIX
    stream_prefix: str = ""


class ExportTask(Struct, frozen=True):
    """A task; the fields of its wish are of the same names there."""

    id: str
    account: str
    region: str
    name: str
    log_group: str
    stream_prefix: str
    from_ms: int
    to_ms: int
    destination: str
    prefix: str
    status: Status
    message: str
    created_ms: int
    completed_ms: int | None


class ExportTasks:
    """The export tasks of every account."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(self, group: Group, wish: Wish) -> ExportTask:
        """Ask for files. Raises InvalidInput, and LimitExceeded while another task of the account is not over."""
        if wish.from_ms > wish.to_ms:
            raise InvalidInput("cannot export: from is after to")
        files_of(wish.destination, wish.prefix, NOWHERE)
        row: dict[str, Any] = {
            "id": new_id(), "account": group.account, "region": group.region, "name": wish.name,
            "log_group": group.name, "stream_prefix": wish.stream_prefix, "from_ms": wish.from_ms, "to_ms": wish.to_ms,
            "destination": wish.destination, "prefix": wish.prefix, "status": str(Status.PENDING), "message": "",
            "created_ms": self._clock.now_ms(), "completed_ms": None,
        }  # fmt: skip

        def write(connection: Connection) -> None:
            mine = and_(_columns.account == group.account, _columns.region == group.region, _open())
            if connection.execute(select(_columns.id).where(mine)).first() is not None:
                raise LimitExceeded("Resource limit exceeded.")
            connection.execute(insert(log_export_tasks).values(row))

        await self._state.change(write)
        return ExportTask(**{**row, "status": Status.PENDING})

    async def listed(
        self, account: str, region: str, *, id_: str = "", status: str = "", offset: int = 0, limit: int = 50
    ) -> list[ExportTask]:
        """Tasks, the newest first."""
        wanted = select(log_export_tasks).where(_columns.account == account, _columns.region == region)
        if id_:
            wanted = wanted.where(_columns.id == id_)
        if status:
            wanted = wanted.where(_columns.status == status)
        ordered = wanted.order_by(_columns.created_ms.desc(), _columns.id).offset(offset).limit(limit)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(ordered).mappings()])

    async def cancel(self, account: str, region: str, id_: str) -> None:
        """Stop a task that is not over. Raises NotFound, Conflict."""
        mine = and_(_columns.account == account, _columns.region == region, _columns.id == id_)
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> None:
            status = connection.execute(select(_columns.status).where(mine)).scalar()
            if status is None:
                raise NotFound("The specified export task does not exist.")
            if status not in map(str, OPEN):
                raise Conflict("The specified export task has already finished")
            waits = status == str(Status.PENDING)
            values = (
                {"status": str(Status.CANCELLED), "completed_ms": now_ms}
                if waits
                else {"status": str(Status.PENDING_CANCEL)}
            )
            connection.execute(update(log_export_tasks).where(mine).values(values))

        await self._state.change(write)

    def upcoming(self) -> Upcoming:
        """Whether there are tasks that are not over."""
        return Upcoming(self._state, select(NOW).where(_open()))

    async def waiting(self) -> ExportTask | None:
        """The oldest task that is not over, whoever asked for it."""
        wanted = select(log_export_tasks).where(_open()).order_by(_columns.created_ms).limit(1)
        row = await self._state.read(lambda connection: connection.execute(wanted).mappings().first())
        return None if row is None else _read(row)

    async def note(self, task: ExportTask, status: Status, message: str = "") -> bool:
        """Note how far a task is; False where it was cancelled meanwhile, and then nothing is noted."""
        over = {} if status in OPEN else {"completed_ms": self._clock.now_ms()}
        wanted = _columns.id == task.id
        if status is not Status.CANCELLED:
            wanted = and_(wanted, _columns.status != str(Status.PENDING_CANCEL))
        values = {"status": str(status), "message": message[:1000], **over}
        changed = update(log_export_tasks).where(wanted).values(values)
        return await self._state.change(lambda connection: connection.execute(changed).rowcount > 0)


def _open() -> ColumnElement[bool]:
    return _columns.status.in_([str(status) for status in OPEN])


def _read(row: RowMapping) -> ExportTask:
    kept = {name: row[name] for name in ExportTask.__struct_fields__}
    return ExportTask(**{**kept, "status": Status(row["status"])})
