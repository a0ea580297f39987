"""What people and rules are told: of an anomaly when it is found, and of those of a day or a week together."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select

from trimtab.base.clock import Clock, iso
from trimtab.base.coins import coins, money, sums
from trimtab.costs.anomalies.form import passes
from trimtab.costs.anomalies.incidents import led, members_of, news_among, wider_of
from trimtab.costs.anomalies.model import FOUND, Anomaly, Finding, Frequency, Kind, Monitor, Subscription
from trimtab.costs.read_sql import DAY_MS
from trimtab.events.outbox import emit
from trimtab.store.state.schema.cost_anomalies import cost_anomaly_told

Mail = Callable[[str, str], Awaitable[str]]
"""The channel, as an action's ARN, that mails to an address of an account; it is made where there is none."""

ALERT = "costs.anomaly_alert"
"""The kind of the event with which a subscription tells; its subject is the subscription's ARN."""
FRESH_DAYS = 14
"""Anomalies that ended longer ago are kept and shown, and nobody is told: a bill of last year is no news."""
_SURE_AFTER_MS = DAY_MS
"""How long people are not told of what no line of the bill explains: most of it is gone when the bill has grown."""
_QUIET = ("NO", "PLANNED_ACTIVITY")
_MOST_LINES = 20


def announce(connection: Connection, clock: Clock, monitor: Monitor, anomaly: Anomaly) -> None:
    """Tell whoever listens that an anomaly was found, once."""
    if not is_fresh(anomaly, clock.now_ms()):
        return
    body = {
        "account": monitor.account,
        "title": title(monitor, anomaly),
        "text": text(anomaly),
        "severity": "warning",
        "link": link(anomaly),
        "Monitor": monitor.name,
        "MonitorArn": monitor.arn,
        "Anomaly": told(anomaly),
    }
    emit(connection, clock, FOUND, anomaly.id, body)


def tell(
    connection: Connection,
    clock: Clock,
    subscription: Subscription,
    anomalies: Sequence[tuple[Monitor, Anomaly]],
    channels: Mapping[str, str],
) -> int:
    """Tell a subscription's people of incidents that they were not told of yet and that are large enough.

    An incident is what its monitors saw of it; it is large enough where one of them saw enough. Late lines move costs
    between the days of whole services, accounts and tags: what no usage type or resource explains is told when the next
    day still shows it. `anomalies` are all that fresh ones may belong to. Returns how many.
    """
    known = {
        row.anomaly
        for row in connection.execute(
            select(cost_anomaly_told.c.anomaly).where(cost_anomaly_told.c.subscription == subscription.arn)
        )
    }
    now_ms = clock.now_ms()
    watched = {one.id: monitor for monitor, one in anomalies if monitor.arn in subscription.monitors}
    every = [one for _, one in anomalies]
    incidents, explained = led([one for one in every if one.id in watched]), _explained(every)
    news = [
        (watched[lead.id], lead)
        for lead in news_among(incidents, known)
        if is_fresh(lead, now_ms)
        and (lead.id in explained or lead.found_ms <= now_ms - _SURE_AFTER_MS)
        and all(one.feedback not in _QUIET for one in (lead, *lead.others))
        and any(passes(subscription.form, one.finding.impact) for one in (lead, *lead.others))
    ]
    if not news:
        return 0
    for id_ in sorted({id_ for _, one in news for id_ in members_of(one)} - known):
        row = {"subscription": subscription.arn, "anomaly": id_, "told_ms": now_ms}
        connection.execute(insert(cost_anomaly_told).values(**row))
    groups = [[one] for one in news] if subscription.frequency is Frequency.IMMEDIATE else [news]
    for group in groups:
        emit(connection, clock, ALERT, subscription.arn, _alert(subscription, group, channels))
    return len(news)


def _explained(anomalies: Sequence[Anomaly]) -> set[str]:
    """The ids of those that a usage type or a resource explains, whichever monitor saw that."""
    found: set[str] = set()
    for one in led(anomalies):
        if one.finding.origin.usage_type or one.finding.origin.resource:
            found |= members_of(one)
    return found


def is_fresh(anomaly: Anomaly, now_ms: int) -> bool:
    """Whether an anomaly is news."""
    return anomaly.finding.end_ms > now_ms - FRESH_DAYS * DAY_MS


def _alert(
    subscription: Subscription, news: Sequence[tuple[Monitor, Anomaly]], channels: Mapping[str, str]
) -> dict[str, Any]:
    whom = [
        one.address if one.type == "SNS" else channels[one.address]
        for one in subscription.subscribers
        if one.type == "SNS" or one.address in channels
    ]
    if len(news) == 1:
        head, body = title(*news[0]), text(news[0][1])
    else:
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for _, one in news:
            totals[one.finding.currency] += one.finding.impact.total
        head = f"{len(news)} cost anomalies, {sums(totals)} more than expected"
        lines = [f"{title(monitor, one)}\n{text(one)}" for monitor, one in news[:_MOST_LINES]]
        body = "\n\n".join([*lines, *([f"and {len(news) - _MOST_LINES} more"] if len(news) > _MOST_LINES else [])])
    return {
        "account": subscription.account,
        "title": head,
        "text": body,
        "severity": "warning",
        "actions": whom,
        "link": link(news[0][1]) if len(news) == 1 else "/cost-anomalies",
        "SubscriptionName": subscription.name,
        "SubscriptionArn": subscription.arn,
        "Frequency": subscription.frequency.value,
        "Anomalies": [told(one) for _, one in news],
    }


def title(monitor: Monitor, anomaly: Anomaly) -> str:
    """An anomaly in a line: what, how much more, since when."""
    found = anomaly.finding
    more = f"{money(found.impact.total, found.currency)}{share_words(found)}"
    days = f"since {iso(found.start_ms)[:10]}" if found.open else span(anomaly)
    return f"{place(found) or monitor.name}: {more} more than expected, {days}"


def place(found: Finding) -> str:
    """The value, and where in it."""
    return ": ".join(part for part in (found.value, found.origin.words) if part)


def share_words(found: Finding) -> str:
    """In brackets: how much more in percent, or why no percentage says anything."""
    share = found.impact.percentage
    if found.kind is Kind.NEW:
        return " (new)"
    return " (nearly nothing was expected)" if share is None else f" (+{share:,.0f} %)"


def span(anomaly: Anomaly) -> str:
    """Its first and last day."""
    first, last = iso(anomaly.finding.start_ms)[:10], iso(anomaly.finding.end_ms - 1)[:10]
    return first if first == last else f"{first} to {last}"


def text(anomaly: Anomaly) -> str:
    """What was spent, what was expected, and the parts that rose most."""
    found = anomaly.finding
    impact = found.impact
    lines = [f"Spent {money(impact.actual, found.currency)}, expected {coins(impact.expected, found.currency)}."]
    lines += [
        f"{coins(one.contribution, found.currency)}: {one.service} · {one.account_name or one.account} · "
        f"{one.region or 'no region'} · {one.usage_type}"
        for one in found.causes[:3]
    ]
    lines += [
        f"Seen also in {one.name}: {coins(one.impact.total, found.currency)} more than "
        f"{coins(one.impact.expected, found.currency)}."
        for one in wider_of(anomaly)[:3]
    ]
    return "\n".join(lines)


def link(anomaly: Anomaly) -> str:
    """Its page."""
    return f"/cost-anomalies/{anomaly.id}"


def told(anomaly: Anomaly) -> dict[str, Any]:
    """An anomaly as programs are told of it: the names of Cost Explorer's API, amounts as text."""
    found = anomaly.finding
    impact = {
        "MaxImpact": f"{found.impact.most:f}",
        "TotalImpact": f"{found.impact.total:f}",
        "TotalActualSpend": f"{found.impact.actual:f}",
        "TotalExpectedSpend": f"{found.impact.expected:f}",
    }
    return {
        "AnomalyId": anomaly.id,
        "MonitorArn": anomaly.monitor,
        "DimensionValue": found.value,
        "Place": {
            "Service": found.origin.service,
            "LinkedAccount": found.origin.account,
            "Region": found.origin.region,
            "UsageType": found.origin.usage_type,
            "ResourceId": found.origin.resource,
        },
        "Currency": found.currency,
        "AnomalyStartDate": iso(found.start_ms),
        "AnomalyEndDate": iso(found.end_ms - DAY_MS),
        "Impact": impact,
        "RootCauses": [
            {
                "Service": one.service,
                "LinkedAccount": one.account,
                "LinkedAccountName": one.account_name,
                "Region": one.region,
                "UsageType": one.usage_type,
                "Impact": {"Contribution": f"{one.contribution:f}"},
            }
            for one in found.causes
        ],
    }
