"""The room's part of the jobs process: what waits is sent on, queries run by their schedules, exports are written."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.jobs.periodic import Job
from trimtab.logs.exports.job import Exporting
from trimtab.logs.exports.tasks import ExportTasks
from trimtab.logs.forwarding.queue import ForwardQueue
from trimtab.logs.forwarding.send import HttpForwards
from trimtab.logs.groups import LogGroups
from trimtab.logs.insights.run import LogInsights
from trimtab.logs.lookups.tables import LookupTables
from trimtab.logs.read import Drain, LogReader
from trimtab.logs.schedules import store
from trimtab.logs.schedules.delivery import Deliveries
from trimtab.logs.schedules.job import ScheduledRuns
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

_SEND_S = 1.0
_RUN_S = 1.0  # asks whether a query is due; most often none is
_EXPORT_S = 2.0
EXPORTS = "exports"
"""The folder of the data directory that files of logs go to."""


class LogDuties(Struct, frozen=True):
    """What the jobs process does for the logs room, while `may_write`; `drain` stands for a log that it has not."""

    telemetry: Telemetry
    state: State
    clock: Clock
    http: HttpTransport
    drain: Drain
    data_dir: Path
    may_write: Callable[[], bool] = lambda: True

    def jobs(self) -> list[Job]:
        """The jobs."""
        groups, queue = LogGroups(self.state, self.clock), ForwardQueue(self.state, self.clock)
        reader = LogReader(self.telemetry, groups, self.drain, self.clock)
        tables = LookupTables(self.telemetry, self.state, self.clock)
        exports = self.data_dir / EXPORTS
        sending = HttpForwards(queue, self.http, self.may_write)
        insights = LogInsights(self.telemetry, reader, groups, self.clock, tables)
        deliveries = Deliveries(queue.put, tables.put_rows, exports)
        due = store.upcoming(self.state)
        running = ScheduledRuns(self.state, insights, deliveries, self.clock, self.may_write)
        tasks = ExportTasks(self.state, self.clock)
        exporting = Exporting(tasks, reader, exports, self.may_write)
        return [
            Job("send log events on", _SEND_S, sending.turn),
            Job("run scheduled queries of logs", _RUN_S, due.before(self.clock, running.turn)),
            Job("export log events", _EXPORT_S, tasks.upcoming().before(self.clock, exporting.turn)),
        ]
