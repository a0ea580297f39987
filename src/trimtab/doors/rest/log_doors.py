"""What `/rest/v1/logs/…` answers beside events, queries and patterns, in one list for `routes.py` and `app.py`."""

from starlette.routing import BaseRoute

from trimtab.doors.log_writing import LogWriting
from trimtab.doors.rest import log_contributors, log_files, log_protection, log_schedules, log_subscriptions, log_tail
from trimtab.doors.rest.log_place import LogDoors
from trimtab.doors.rest.spec import Operation


def operations(writing: LogWriting) -> list[Operation]:
    """Subscriptions, data protection, schedules, exports, lookup tables and contributors."""
    doors = _doors(writing)
    return [
        *log_subscriptions.operations(doors),
        *log_protection.operations(doors),
        *log_schedules.operations(doors),
        *log_files.operations(doors),
        *log_contributors.operations(doors),
    ]


def routes(writing: LogWriting) -> list[BaseRoute]:
    """The live tail, whose answer is no JSON."""
    return log_tail.routes(_doors(writing))


def _doors(writing: LogWriting) -> LogDoors:
    return LogDoors(writing.logs, writing.account, writing.region)
