"""Operations of rooms that read and then write one row, by many at once: each of them counts."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from sqlalchemy import Connection, select

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.knobs import KnobStore
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.store import AlarmStore
from trimtab.audit.lake.stores import EventDataStores
from trimtab.audit.tags import AuditTags
from trimtab.audit.trails.store import TrailStore
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict
from trimtab.base.records import replace
from trimtab.budgets.filters import ReadFilter
from trimtab.budgets.form import read_notification, read_subscribers
from trimtab.budgets.model import Subscriber
from trimtab.budgets.notifications import NotificationStore
from trimtab.budgets.store import BudgetStore
from trimtab.economics.rules.store import RulesStore
from trimtab.inventory.served.model import ENDPOINT
from trimtab.inventory.served.store import ServedStore
from trimtab.logs.groups import LogGroups
from trimtab.logs.lookups.tables import LookupTables
from trimtab.reports.datasets.teams import ReaderTeams
from trimtab.reports.quicksight.model import DASHBOARD, Place, Resource
from trimtab.reports.quicksight.store import ResourceStore
from trimtab.scaling.engine.memory import Memory, read_memory, write_memory, write_scaling
from trimtab.scaling.engine.model import Form, TargetKey
from trimtab.scaling.engine.store import TargetStore
from trimtab.store.state.database import State
from trimtab.store.state.schema.scaling import scaling_targets
from trimtab.store.telemetry.client import Telemetry

PLACE = ("123456789012", "eu-central-1")
MANY = range(40)


def at_once(work: Callable[[int], Awaitable[object]], many: Collection[int] = MANY) -> None:
    """Do `work` for each of `many`, each in a thread and a loop of its own, from one moment on."""
    gate = threading.Barrier(len(many))

    async def begin(number: int) -> None:
        gate.wait()
        await work(number)

    with ThreadPoolExecutor(len(many)) as pool:
        for done in [pool.submit(lambda number: asyncio.run(begin(number)), number) for number in many]:
            done.result()


def test_members_of_trails(either: State) -> None:
    store = TrailStore(either, ManualClock(), AuditTags(either))
    trail = asyncio.run(store.create(*PLACE, "all", {}))
    at_once(lambda number: store.put(trail, {f"m{number}": number}))
    assert asyncio.run(store.get(trail.arn)).body == {f"m{number}": number for number in MANY}


def test_members_of_event_data_stores(either: State) -> None:
    stores = EventDataStores(either, ManualClock(), AuditTags(either))
    store = asyncio.run(stores.create(*PLACE, "all", {}, taking=True))
    at_once(lambda number: stores.put(store, {f"m{number}": number}))
    assert asyncio.run(stores.get(*PLACE, store.arn)).body == {f"m{number}": number for number in MANY}


def test_subscribers_of_a_budget(either: State) -> None:
    budgets = BudgetStore(either, ManualClock(), cast(ReadFilter, lambda _: None))
    notifications = NotificationStore(either, ManualClock())
    form = {"BudgetName": "b", "BudgetType": "COST", "TimeUnit": "MONTHLY", "TimePeriod": {"Start": 0},
            "BudgetLimit": {"Amount": "100", "Unit": "USD"}}  # fmt: skip
    of = read_notification(
        {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80, "ThresholdType": ""}
    )
    first = read_subscribers([{"SubscriptionType": "EMAIL", "Address": "first@example.com"}])
    asyncio.run(budgets.create(EVERYTHING, PLACE[0], form, [(of, first)]))
    more = [Subscriber("EMAIL", f"m{number}@example.com") for number in range(9)]  # ten is the most
    at_once(lambda number: notifications.subscribe(EVERYTHING, PLACE[0], "b", of, more[number]), range(9))
    assert {*first, *more} == set(asyncio.run(notifications.subscribers(EVERYTHING, PLACE[0], "b", of)))


def test_an_alarm_is_made_once(either: State) -> None:
    store, made = AlarmStore(either, ManualClock()), []
    form = {"MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
            "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}  # fmt: skip

    async def put(_: int) -> None:
        made.append(await store.put(AlarmKind.METRIC, AlarmKey(*PLACE, "hot"), form, {}))

    at_once(put)
    assert sorted(made) == [False] * 39 + [True]


def test_a_log_group_and_its_streams(either: State) -> None:
    groups = LogGroups(either, ManualClock())
    at_once(lambda number: groups.ensure(*PLACE, "app", [f"host-{number:02}"]))
    group = asyncio.run(groups.get(*PLACE, "app"))
    streams = asyncio.run(groups.streams(group))
    assert [one.name for one in streams] == [f"host-{number:02}" for number in MANY]


class _Engine:
    """Keeps the versions of the rows that it is sent."""

    def __init__(self) -> None:
        self.versions: list[bytes] = []

    def insert(self, _table: object, body: bytes, _key: str) -> None:
        self.versions.append(body[-30:])

    def execute(self, *_: object) -> None:
        """Nothing is read back here."""


def test_versions_of_a_lookup_table(either: State) -> None:
    engine, clock = _Engine(), ManualClock()
    tables = LookupTables(cast(Telemetry, engine), either, clock)
    others = LookupTables(cast(Telemetry, engine), either, clock)  # of another process

    async def put_all() -> list[int]:
        puts = [one.put(*PLACE, "owners", "host,team\na,b\n") for one in (tables, tables, tables, others)]
        return [made.updated_ms for made in await asyncio.gather(*puts)]

    versions = asyncio.run(put_all())
    assert len(set(versions)) == 4
    assert asyncio.run(tables.get(*PLACE, "owners")).updated_ms == max(versions)


def test_teams_of_a_reader(either: State) -> None:
    teams = ReaderTeams(either)
    asyncio.run(teams.put("ana", ["old"]))
    at_once(lambda number: teams.move("ana", joins=[f"t{number}"], leaves=["old"]))
    assert asyncio.run(teams.of("ana")) == {f"t{number}" for number in MANY}


def test_preferences_of_an_account(either: State) -> None:
    knobs = KnobStore(either)
    at_once(lambda number: knobs.prefer(PLACE[0], {f"p{number}": number}))
    assert asyncio.run(knobs.preferences(PLACE[0])) == {f"p{number}": number for number in MANY}


def test_variants_of_an_endpoint(either: State) -> None:
    served = ServedStore(either, ManualClock())
    made = asyncio.run(served.create(PLACE, ENDPOINT, "chat", {}, "InService"))
    at_once(lambda number: served.edit(made, lambda one: replace(one, state={**one.state, str(number): 1})))
    assert asyncio.run(served.get(PLACE, ENDPOINT, "chat")).state == {str(number): 1 for number in MANY}


def test_versions_of_a_dashboard(either: State) -> None:
    store = ResourceStore(either, ManualClock())
    made = asyncio.run(store.create(Resource(Place(*PLACE), DASHBOARD, "fleet", state={"latest": 1})))
    numbers = []

    async def count(_: int) -> None:
        changed = await store.change(made, lambda one: replace(one, state={"latest": one.state["latest"] + 1}))
        numbers.append(changed.state["latest"])

    at_once(count)
    assert sorted(numbers) == list(range(2, 42))


def test_bounds_of_a_scalable_target(either: State) -> None:
    targets, key = TargetStore(either, ManualClock()), TargetKey(*PLACE, "custom", "gpu", "custom:resource")

    def wider(known: Form | None) -> Form:
        return Form(1, 1) if known is None else replace(known, most=known.most + 1)

    at_once(lambda _: targets.shape(key, wider))
    assert asyncio.run(targets.named(EVERYTHING, key)).most == 40


def test_a_change_of_one_part_of_a_target_keeps_the_others(either: State) -> None:
    targets, key = TargetStore(either, ManualClock()), TargetKey(*PLACE, "custom", "gpu", "custom:resource")
    made = asyncio.run(targets.put(key, Form(1, 5)))
    at_once(lambda number: targets.change(EVERYTHING, made.id, **{("least", "most")[number % 2]: 3 + number % 2}))
    found = asyncio.run(targets.get(Scope.of(*PLACE), made.id))
    assert (found.least, found.most) == (3, 4)


def test_what_was_begun_by_hand_outlives_a_look_that_began_before(either: State) -> None:
    targets, key = TargetStore(either, ManualClock()), TargetKey(*PLACE, "custom", "gpu", "custom:resource")
    target = asyncio.run(targets.put(key, Form(1, 5)))
    look = Memory(why="nothing to do")
    either.change_sync(lambda connection: write_scaling(connection, target, "by hand", 0))
    either.change_sync(lambda connection: write_memory(connection, target, look, "", 60_000))
    kept = either.read_sync(lambda connection: _memory(connection, target.id))
    assert (kept.scaling, kept.why) == ("by hand", "nothing to do")
    either.change_sync(lambda connection: write_memory(connection, target, Memory(scaling=""), "by hand", 60_000))
    assert either.read_sync(lambda connection: _memory(connection, target.id)).scaling == ""  # the look ended it


def _memory(connection: Connection, target_id: str) -> Memory:
    columns = scaling_targets.c
    return read_memory(connection.execute(select(columns.state).where(columns.id == target_id)).scalar_one())


def test_of_two_who_build_on_one_allocation_one_is_told(either: State) -> None:
    store, made, told = RulesStore(either, ManualClock()), [], []
    document = "shared: [{name: nodes, when: {usage-type: {contains: p4d}}}]"

    async def apply(number: int) -> None:
        try:
            made.append(await store.apply(document, f"by {number}", based_on=0))
        except Conflict as problem:
            told.append(str(problem))

    at_once(apply)
    assert (len(made), len(told)) == (1, 39)
