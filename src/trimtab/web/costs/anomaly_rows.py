"""Cost anomalies as pages show them: rows, the drawing of one's days, its causes, and what happened around it."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from trimtab.base.clock import iso, to_datetime
from trimtab.base.coins import coins, money
from trimtab.base.viewer_zone import local
from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.svg import Svg
from trimtab.costs.anomalies.around import Happening
from trimtab.costs.anomalies.incidents import wider_of
from trimtab.costs.anomalies.judging import DayOf
from trimtab.costs.anomalies.model import Anomaly, Cause, Finding, Kind, Monitor
from trimtab.costs.anomalies.telling import place, span
from trimtab.costs.explorer.terms import facet_text
from trimtab.costs.read_sql import DAY_MS
from trimtab.web.view import link

FEEDBACK = {"": "", "YES": "it was one", "NO": "it was none", "PLANNED_ACTIVITY": "planned"}
KINDS = {Kind.RISE: "rose", Kind.DRIFT: "rose slowly", Kind.NEW: "is new"}
_WIDE, _NARROW = (1080, 260), (340, 220)
_EXPECTED, _EXCESS = 1, 2  # slots of the palette
_BEFORE_DAYS = 28
_CENT = 0.005


class Picture(Struct, frozen=True):
    """The same drawing for a wide and a narrow screen."""

    wide: Svg
    narrow: Svg


def row(anomaly: Anomaly, names: Mapping[str, str]) -> dict[str, Any]:
    """One anomaly in a list; `names` are those of monitors, by ARN."""
    found = anomaly.finding
    cause = found.causes[0] if found.causes else None
    return {
        "id": anomaly.id,
        "href": f"/cost-anomalies/{anomaly.id}",
        "value": found.value or names.get(anomaly.monitor, ""),
        "place": found.origin.resource or found.origin.usage_type or found.origin.words,
        "monitor": names.get(anomaly.monitor, ""),
        "days": f"since {iso(found.start_ms)[:10]}" if found.open else span(anomaly),
        "count": (found.end_ms - found.start_ms) // DAY_MS,
        "open": found.open,
        "kind": KINDS[found.kind],
        "currency": found.currency,
        "impact": coins(found.impact.total, found.currency),
        "actual": coins(found.impact.actual, found.currency),
        "expected": coins(found.impact.expected, found.currency),
        "most": coins(found.impact.most, found.currency),
        "share": _share(found),
        "score": found.max_score,
        "cause": cause_words(cause) if cause else "",
        "feedback": FEEDBACK[anomaly.feedback],
        "feedback_by": anomaly.feedback_by,
    }


def _share(found: Finding) -> str:
    """How much more in percent; of what is new, or was nearly nothing, that says nothing."""
    share = found.impact.percentage
    return "" if share is None or found.kind is Kind.NEW else f"+{share:,.0f} %"


def wider(anomaly: Anomaly) -> list[dict[str, str]]:
    """The wider parts of the bill in which an incident was seen too."""
    return [
        {
            "name": part.name,
            "impact": coins(part.impact.total, anomaly.finding.currency),
            "expected": coins(part.impact.expected, anomaly.finding.currency),
            "share": "" if part.impact.percentage is None else f"+{part.impact.percentage:,.0f} %",
        }
        for part in wider_of(anomaly)
    ]


def cause_words(cause: Cause) -> str:
    """A part of the bill in a line, its service left out."""
    parts = (cause.usage_type, cause.account_name or cause.account, cause.region)
    return " · ".join(part for part in parts if part)


def causes(anomaly: Anomaly, monitor: Monitor) -> list[dict[str, Any]]:
    """The root causes, each with its share of what rose and the link to its days on the Costs page."""
    found = anomaly.finding
    whole = sum((cause.contribution for cause in found.causes), start=found.impact.total * 0)
    return [
        {
            "service": cause.service,
            "account": cause.account_name or cause.account,
            "account_id": cause.account,
            "region": cause.region,
            "usage_type": cause.usage_type,
            "contribution": coins(cause.contribution, found.currency),
            "share": float(cause.contribution / whole) if whole else None,
            "href": _costs(anomaly, monitor, cause),
        }
        for cause in found.causes
    ]


def _costs(anomaly: Anomaly, monitor: Monitor, cause: Cause) -> str:
    found = anomaly.finding
    first = found.start_ms - _BEFORE_DAYS * DAY_MS
    wanted = [
        ("metric", "net_unblended"),
        ("by", "resource"),
        ("per", "daily"),
        ("start", iso(first)[:10]),
        ("end", iso(found.end_ms - 1)[:10]),
    ]
    filters = {
        "service": cause.service,
        "account": cause.account,
        "region": cause.region,
        "usage_type": cause.usage_type,
    }
    wanted += [("filter", f"{name}={value}") for name, value in filters.items() if value]
    if found.origin.resource:
        wanted.append(("filter", f"resource={found.origin.resource}"))
    if monitor.facet is not None and facet_text(monitor.facet) not in filters:
        wanted.append(("filter", f"{facet_text(monitor.facet)}={found.value}"))
    return link("/costs", wanted)


def happening(one: Happening) -> dict[str, Any]:
    """What happened around an anomaly."""
    return {
        "at": f"{local(one.at_ms):%Y-%m-%d %H:%M}",
        "sort": one.sort.value,
        "title": one.title,
        "who": one.who,
        "account": one.account,
        "about": ", ".join(one.about[:3]),
        "named": one.score >= 10,
        "href": quote(one.link, safe="/:%?=&"),
    }


def drawing(anomaly: Anomaly, days: Sequence[DayOf]) -> Picture:
    """The days around an anomaly: what was expected, what was more in the anomaly's days, and the expected course."""
    found = anomaly.finding
    columns = []
    for day in days:
        inside = found.start_ms <= day.start_ms < found.end_ms
        over = max(day.actual - day.expected, 0.0) if inside else 0.0
        when = f"{to_datetime(day.start_ms):%Y-%m-%d}"
        title = f"{when}: {money(day.actual, found.currency)}, expected {coins(day.expected, found.currency)}"
        whole = (day.start_ms, day.start_ms + DAY_MS)
        columns.append(Column(when[5:], title, (day.actual - over, over), span=whole))
    line = [day.expected for day in days]
    label = (
        f"{place(found)}: {len(days)} days, from {coins(found.impact.expected, found.currency)} expected "
        f"to {coins(found.impact.actual, found.currency)}"
    )
    colors = [PAGE_INK.slot(_EXPECTED), PAGE_INK.slot(_EXCESS)]
    wide, narrow = (
        draw_columns(Columns(columns, colors, found.currency, label, width, height, PAGE_INK, line))
        for width, height in (_WIDE, _NARROW)
    )
    return Picture(wide, narrow)


def marks(anomalies: Sequence[Anomaly], currency: str) -> dict[int, str]:
    """By the first day of each anomaly in a currency, what the pointer reads there: for the Costs page's columns."""
    found: dict[int, list[str]] = {}
    for one in anomalies:
        finding = one.finding
        if finding.currency == currency and one.feedback not in ("NO", "PLANNED_ACTIVITY"):
            text = f"▼ {place(finding)}: {coins(finding.impact.total, currency)} more than expected, {span(one)}"
            found.setdefault(finding.start_ms, []).append(text)
    return {at: "\n".join(texts) for at, texts in found.items()}
