"""What events are matched with, compiled: by bus an index of the rules, and its archives. Read anew when it changed."""

import threading
from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct, field
from sqlalchemy import Connection, select

from trimtab.store.state.schema.triggers import event_archives, event_buses, event_rules
from trimtab.triggers import versions
from trimtab.triggers.model import CLOUDTRAIL_TOO, DISABLED, Target
from trimtab.triggers.patterns.pattern import Pattern, compile_pattern
from trimtab.triggers.patterns.rule_index import RuleIndex
from trimtab.triggers.rules import rule_of
from trimtab.triggers.targets import targets_in

_EVERYTHING = Pattern(({},))
"""The pattern of an archive that has none."""


class Entry(Struct, frozen=True):
    """A rule as events meet it. `reads_too`: it sees calls of AWS's own services that only read."""

    arn: str
    name: str
    targets: tuple[Target, ...]
    reads_too: bool


class Page(Struct, frozen=True):
    """What one bus has."""

    rules: RuleIndex[Entry]
    archives: RuleIndex[str]


_EMPTY = Page(RuleIndex(()), RuleIndex(()))


class Snapshot(Struct, frozen=True):
    """All buses at one version."""

    version: int
    pages: Mapping[str, Page]
    buses: frozenset[str]
    targets: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)

    def page(self, bus: str) -> Page:
        """What a bus has; one without rules has nothing."""
        return self.pages.get(bus, _EMPTY)

    def knows(self, bus: str) -> bool:
        """Whether there is a bus of that ARN. The default ones are always there."""
        return bus in self.buses or bus.endswith(":event-bus/default")


class RuleBook:
    """The snapshot of one process. Safe to ask from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Snapshot | None = None

    def at(self, connection: Connection) -> Snapshot:
        """The snapshot of the version that the database has."""
        version = versions.current(connection)
        with self._lock:
            if self._held is None or self._held.version != version:
                self._held = _read(connection, version)
            return self._held

    def forget(self) -> None:
        """Forget it: everything was wiped."""
        with self._lock:
            self._held = None


def _read(connection: Connection, version: int) -> Snapshot:
    targets: dict[str, list[Target]] = defaultdict(list)
    for target in targets_in(connection):
        targets[target.rule].append(target)
    rules: dict[str, list[tuple[Entry, Pattern]]] = defaultdict(list)
    for row in connection.execute(select(event_rules).order_by(event_rules.c.name)):
        rule = rule_of(row)
        if rule.pattern and rule.state != DISABLED:
            entry = Entry(rule.arn, rule.name, tuple(targets[rule.arn]), rule.state == CLOUDTRAIL_TOO)
            rules[rule.bus].append((entry, compile_pattern(rule.pattern)))
    archives: dict[str, list[tuple[str, Pattern]]] = defaultdict(list)
    for row in connection.execute(select(event_archives)):
        archives[row.bus].append((row.arn, compile_pattern(row.pattern) if row.pattern else _EVERYTHING))
    pages = {bus: Page(RuleIndex(rules[bus]), RuleIndex(archives[bus])) for bus in {*rules, *archives}}
    buses = frozenset(connection.execute(select(event_buses.c.arn)).scalars())
    return Snapshot(version, pages, buses, {arn: tuple(found) for arn, found in targets.items()})
