"""Takes events in: matched, archived and planned for every target in one transaction; durable when it returns.

An event that no rule and no archive of its bus wants leaves no trace. One that comes again (its key says so) is
answered as before and changes nothing, so that whoever is unsure may send it again.
"""

import json
from collections.abc import Collection, Sequence
from functools import partial

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_archived, event_deliveries, event_inbox
from trimtab.triggers import arns
from trimtab.triggers.book import Entry, RuleBook, Snapshot
from trimtab.triggers.entries import stable_id
from trimtab.triggers.inputs import Facts, render
from trimtab.triggers.model import DeliveryState, Event, Target
from trimtab.triggers.patterns.numerals import decode


class Taken(Struct, frozen=True):
    """What became of an event: how many rules matched, and whether it had come before."""

    rules: int
    again: bool = False


class Intake:
    """The only way in for events, whatever they come from."""

    def __init__(self, state: State, clock: Clock, book: RuleBook) -> None:
        self._state = state
        self._clock = clock
        self._book = book

    async def put(self, events: Sequence[Event], *, only: Collection[str] = (), archive: bool = True) -> list[Taken]:
        """Take events in, all or none. `only` names the rules that may match; a replay is not archived again."""
        return await self._state.change(partial(self.put_in, events=events, only=only, archive=archive))

    def put_in(
        self, connection: Connection, events: Sequence[Event], *, only: Collection[str] = (), archive: bool = True
    ) -> list[Taken]:
        """The same in the caller's transaction."""
        snapshot = self._book.at(connection)
        return [self._take(connection, snapshot, event, only, archive) for event in events]

    def fire(self, connection: Connection, event: Event, rule: str, name: str) -> None:
        """Plan an event for the targets of one rule, whatever its pattern says: a schedule's."""
        targets = self._book.at(connection).targets.get(rule, ())
        self._store(connection, event, [Entry(rule, name, tuple(targets), True)])

    async def knows(self, bus: str) -> bool:
        """Whether there is a bus of that ARN."""
        return (await self._state.read(self._book.at)).knows(bus)

    def _take(
        self, connection: Connection, snapshot: Snapshot, event: Event, only: Collection[str], archive: bool
    ) -> Taken:
        page = snapshot.page(event.bus)
        document = decode(event.body)
        matched = [one for one in page.rules.match(document) if not only or one.arn in only]
        if matched and _only_reads(document):
            matched = [one for one in matched if one.reads_too]
        archives = page.archives.match(document) if archive and "replay-name" not in document else []
        if not matched and not archives:
            return Taken(0)
        if connection.execute(select(event_inbox.c.key).where(event_inbox.c.key == event.key)).first():
            return Taken(len(matched), again=True)
        for arn in archives:
            row = {"archive": arn, "key": event.key, "at_ms": event.at_ms, "body": event.body.decode()}
            connection.execute(insert(event_archived).values(row))
        self._store(connection, event, matched)
        return Taken(len(matched))

    def _store(self, connection: Connection, event: Event, matched: Sequence[Entry]) -> None:
        now_ms = self._clock.now_ms()
        connection.execute(
            insert(event_inbox).values(
                key=event.key,
                id=event.id,
                bus=event.bus,
                source=event.source,
                detail_type=event.detail_type,
                at_ms=event.at_ms,
                received_ms=now_ms,
                rules=len(matched),
                body=event.body.decode(),
            )
        )
        rows = [_planned(event, entry, target, now_ms) for entry in matched for target in entry.targets]
        if rows:
            connection.execute(insert(event_deliveries), rows)


def _planned(event: Event, entry: Entry, target: Target, now_ms: int) -> dict[str, object]:
    at = arns.parse(entry.arn)
    return {
        "id": stable_id("delivery", event.key, entry.arn, target.id),
        "account": at.account,
        "region": at.region,
        "event": event.key,
        "title": event.title,
        "rule": entry.arn,
        "target": target.id,
        "arn": target.arn,
        "form": json.dumps(target.form),
        "input": render(target.form, Facts(entry.arn, entry.name, event.body, now_ms)),
        "at_ms": event.at_ms,
        "state": DeliveryState.WAITING.value,
        "attempts": 0,
        "next_ms": now_ms,
        "created_ms": now_ms,
        "reason": "",
        "dead_letter": "",
    }


def _only_reads(document: dict[str, object]) -> bool:
    """Whether the event tells of a call that only reads: rules see those only where they ask for all of them."""
    detail = document.get("detail")
    if document.get("detail-type") != "AWS API Call via CloudTrail" or not isinstance(detail, dict):
        return False
    return detail.get("readOnly") is True
