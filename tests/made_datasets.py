"""Sources of a small company: two accounts, two teams, three days."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.clock import to_ms
from trimtab.reports.datasets.field import integer, labels, money, number, text, time
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.source import Rows, Source, Window

DAY_MS = 86_400_000
FIRST = to_ms(datetime(2026, 11, 1, tzinfo=UTC))
NOW = FIRST + 3 * DAY_MS
A, B = "111111111111", "222222222222"

_BILL = [
    # day, account, team, service, cost, hours, tags
    (FIRST, A, "vision", "EC2", Decimal("10.10"), 5.0, {"team": "vision", "env": "prod"}),
    (FIRST, A, "speech", "EC2", Decimal("0.000000000001"), 2.0, {"team": "speech"}),
    (FIRST + DAY_MS, A, "vision", "S3", Decimal("3.30"), None, {}),
    (FIRST + DAY_MS, B, "speech", "EC2", Decimal("7.77"), 4.0, {"team": "speech"}),
    (FIRST + 2 * DAY_MS, B, None, "S3", Decimal("-1.17"), 0.0, {}),
]
_ERRORS = [
    # time, account, severity, message, n
    (FIRST + 3_600_000, A, "ERROR", "out of memory", 3),
    (FIRST + DAY_MS + 60_000, A, "INFO", "fine", 1),
    (FIRST + DAY_MS + 90_000, B, "ERROR", "secret of B", 5),
    (FIRST + 2 * DAY_MS, B, "ERROR", 'it\'s \\ "quoted"\nand long', 2),
]


def _within(window: Window, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    accounts = window.scope.accounts
    seen = [row for row in rows if accounts is None or row[1] in accounts]
    return [row for row in seen if window.start_ms <= row[0] < window.end_ms]


async def _bill(window: Window) -> Rows:
    return Rows(_within(window, _BILL), until_ms=FIRST + 3 * DAY_MS)


async def _errors(window: Window) -> Rows:
    found = [(row[0], row[0] // DAY_MS * DAY_MS, *row[1:]) for row in _within(window, _ERRORS)]
    return Rows(found)


BILL = Source(
    "bill",
    "Bill",
    "a line",
    (
        time("day", "Day."), text("account", "Account."), text("team", "Team."), text("service", "Service."),
        money("cost", "Cost."), number("hours", "Hours.", "h"), labels("tags", "Tags."),
    ),
    _bill,
)  # fmt: skip
ERRORS = Source(
    "errors",
    "Errors",
    "a message",
    (
        time("time", "When."), time("day", "Day."), text("account", "Account."), text("severity", "Severity."),
        text("message", "Message."), integer("n", "How often."),
    ),
    _errors,
)  # fmt: skip
SOURCES = {one.name: one for one in (BILL, ERRORS)}


def reader(*accounts: str, name: str = "ann", role: Role = Role.READ, teams: tuple[str, ...] = ()) -> Reader:
    """A reader of some accounts; of everything without any."""
    return Reader(name, role, Scope(frozenset(accounts) if accounts else None), frozenset(teams))
