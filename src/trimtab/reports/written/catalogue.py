"""The templates by name, and the periods that they are about."""

from collections.abc import Mapping
from datetime import UTC, datetime

from trimtab.access.scope import Scope
from trimtab.base.clock import to_datetime, to_ms
from trimtab.base.errors import InvalidInput
from trimtab.costs.periods import month_before, month_start
from trimtab.costs.read_sql import DAY_MS
from trimtab.reports.written.facts import Ask
from trimtab.reports.written.template import Period, Template
from trimtab.reports.written.templates import endpoint_slo, executive, monthly_team, training_cost, weekly_fleet

TEMPLATES: Mapping[str, Template] = {
    one.TEMPLATE.name: one.TEMPLATE for one in (weekly_fleet, monthly_team, endpoint_slo, training_cost, executive)
}
"""In the order in which they are offered."""
_LONGEST_MS = 400 * DAY_MS


def template_of(name: str) -> Template:
    """Raises InvalidInput for a name that there is none of."""
    found = TEMPLATES.get(name)
    if found is None:
        expected = ", ".join(TEMPLATES)
        raise InvalidInput(f"cannot write a report from {name[:50]!r}: expected one of {expected}", field="template")
    return found


def last(period: Period, at_ms: int) -> tuple[int, int]:
    """The last whole week (Monday to Sunday) or month, UTC, that was over at `at_ms`."""
    if period == "month":
        end_ms = month_start(at_ms)
        return month_before(end_ms), end_ms
    today = to_datetime(at_ms).astimezone(UTC)
    monday = datetime(today.year, today.month, today.day, tzinfo=UTC)
    end_ms = to_ms(monday) - today.weekday() * DAY_MS
    return end_ms - 7 * DAY_MS, end_ms


def ask_of(
    template: Template,
    scope: Scope,
    now_ms: int,
    *,
    owner: str = "",
    start_ms: int | None = None,
    end_ms: int | None = None,
) -> Ask:
    """What is asked for: whole days. Raises InvalidInput for a range that cannot be, or an owner who is not named."""
    if template.per_owner and not owner:
        raise InvalidInput(
            f"cannot write the {template.title.lower()}: expected the owner that it is for", field="owner"
        )
    if start_ms is None or end_ms is None:
        return Ask(scope, *last(template.period, now_ms), owner)
    start_ms, end_ms = start_ms // DAY_MS * DAY_MS, -(-end_ms // DAY_MS) * DAY_MS
    if not 0 < end_ms - start_ms <= _LONGEST_MS or start_ms > now_ms:
        raise InvalidInput("cannot write a report: expected a range of 1 to 400 days that has begun", field="start")
    return Ask(scope, start_ms, end_ms, owner)
