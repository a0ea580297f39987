"""ListEfficiencyMetrics: what was spent, what of it could have been saved, and a score of 100 for nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trimtab.access.scope import Scope
from trimtab.advice.facts import DAY_MS
from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.base.clock import iso
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric
from trimtab.costs.room import CostsRoom
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Request

_GROUPS = {"AccountId": Dimension.LINKED_ACCOUNT, "Region": Dimension.REGION}
_MOST_DAYS = 400


async def efficiency(
    costs: CostsRoom, scope: Scope, request: Request, saved: Mapping[str, Decimal], now_ms: int
) -> list[dict[str, Any]]:
    """By group the spend of each day or month. Savings a month (`saved`, by currency) are today's, over each's length.

    Currencies are never added: of several that of the most spend counts. Raises AwsError.
    """
    start, end = (_day(request["timePeriod"][name]) for name in ("start", "end"))
    if start >= end or end - start > _MOST_DAYS * DAY_MS:
        raise AwsError("ValidationException", "timePeriod must begin before it ends and span 400 days at most.")
    group = request.get("groupBy")
    if group is not None and group not in _GROUPS:
        raise AwsError("ValidationException", f"groupBy must be one of {', '.join(_GROUPS)}.")
    daily = request["granularity"] == "Daily"
    end = min(end, (now_ms // DAY_MS + 1) * DAY_MS)
    if end <= start:
        return []
    query = CostQuery(
        start,
        end,
        (Metric.NET_AMORTIZED,),
        Granularity.DAILY if daily else Granularity.MONTHLY,
        (_GROUPS[group],) if group else (),
    )
    spent: dict[str, list[CostRow]] = {}
    for row in await costs.reader.costs(scope, query):
        spent.setdefault(row.currency, []).append(row)
    currency = max(spent, key=lambda one: (sum(row.amounts[0] for row in spent[one]), one), default="")
    rows, saved_a_month = spent.get(currency, []), saved.get(currency, Decimal(0))
    whole: dict[int, Decimal] = {}
    for row in rows:
        whole[row.start_ms] = whole.get(row.start_ms, Decimal(0)) + row.amounts[0]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        spend, hours = row.amounts[0], (row.end_ms - row.start_ms) / 3_600_000
        share = spend / whole[row.start_ms] if whole[row.start_ms] > 0 else Decimal(0)
        saving = min(saved_a_month * Decimal(str(hours)) / HOURS_A_MONTH * share, max(spend, Decimal(0)))
        score = float(100 * (1 - saving / spend)) if spend > 0 else 100.0
        found = {"score": round(score, 2), "savings": round(float(saving), 2), "spend": round(float(spend), 2)}
        groups.setdefault(row.keys[0] if row.keys else "", []).append({**found, "timestamp": iso(row.start_ms)[:10]})
    return [{"metricsByTime": found, **({"group": name} if group else {})} for name, found in groups.items()]


def _day(text: str) -> int:
    for form in ("%Y-%m-%d", "%Y-%m"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp() * 1000)
        except ValueError:
            continue
    raise AwsError("ValidationException", f"cannot read the date {text!r}: expected YYYY-MM-DD or YYYY-MM")
