"""`alarm_history`: what happened to alarms: states that changed, definitions, actions; kept for 14 days."""

import asyncio

from trimtab.alarms.history import Item
from trimtab.alarms.history import Wanted as HistoryWanted
from trimtab.alarms.room import AlarmRoom
from trimtab.reports.datasets.field import Field, labels, text
from trimtab.reports.datasets.source import MOST_ROWS, Rows, Source, Window
from trimtab.reports.datasets.sources.times import TIMES, day_of, hour_of

FIELDS: tuple[Field, ...] = (
    *TIMES, text("account", "Account."), text("region", "Region."), text("alarm", "Name of the alarm."),
    text("alarm_type", "metric, composite or log."), text("item", "StateUpdate, ConfigurationUpdate or Action."),
    text("contributor", "Which series, of an alarm over many."), text("summary", "In a sentence."),
    text("state", "The state of the alarm now."), text("owner", "Its tag team or owner."),
    labels("tags", "Tags of the alarm."),
)  # fmt: skip


def alarm_history(room: AlarmRoom) -> Source:
    """The source over alarms that are there and that the scope covers."""

    async def read(window: Window) -> Rows:
        listing = await room.listing.within(window.scope)
        known = {(one.alarm.key.account, one.alarm.key.region, one.alarm.key.name): one for one in listing.alarms}
        places = sorted({(account, region) for account, region, _ in known})
        found = await asyncio.gather(
            *(
                room.store.history(
                    HistoryWanted(account, region, start_ms=window.start_ms, end_ms=window.end_ms), MOST_ROWS
                )
                for account, region in places
            )
        )
        rows = []
        for item in (item for some in found for item in some):
            one = known.get((item.key.account, item.key.region, item.key.name))
            if one is not None:  # an alarm that the scope does not cover has no history either
                owner = one.tags.get("team") or one.tags.get("owner")
                rows.append((*_row(item), one.alarm.state.value.value, owner, one.tags))
        return Rows(rows, max(listing.evaluated_ms.values(), default=None))

    return Source("alarm_history", "History of alarms", "something that happened to an alarm", FIELDS, read, whole=True)


def _row(item: Item) -> tuple[object, ...]:
    when = item.at_ms, hour_of(item.at_ms), day_of(item.at_ms)
    key = item.key
    return (*when, key.account, key.region, key.name, item.alarm_type, item.item_type, item.contributor, item.summary)
