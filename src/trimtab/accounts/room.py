"""The room as doors and pages are given it: which accounts are connected, how they are read, and what that costs."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.accounts.describe.every import SOURCES
from trimtab.accounts.metric_reading import MetricStore
from trimtab.accounts.metrics_wanted import TYPES, cost_of, series_of
from trimtab.accounts.model import ORIGIN, Account, CallCount, Read, ReadState, Step
from trimtab.accounts.policy import allowed
from trimtab.accounts.reading import AccountReading, Parts, steps_of
from trimtab.accounts.store import AccountStore
from trimtab.audit.ingest import AuditIngest
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound, TrimtabError, Unavailable
from trimtab.base.records import replace
from trimtab.cloud.call_costs import Meter, Operation
from trimtab.cloud.call_limits import LIMITS, Limit, Pace
from trimtab.cloud.reading import CloudReader
from trimtab.egress.gate import Gate
from trimtab.inventory.room import InventoryRoom
from trimtab.store.state.database import State

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_CALLS_DAYS = 30


class Plan(Struct, frozen=True):
    """What a read would do. `series` and `dollars` are None where the inventory was never read."""

    account: Account
    arn: str
    operations: Sequence[tuple[str, Sequence[Operation]]]
    calls: int
    resources: int | None
    series: int | None
    dollars: Decimal | None


class Standing(Struct, frozen=True):
    """How an account stands: its last read, and its calls of 30 days."""

    account: Account
    read: Read | None
    steps: Sequence[Step]
    calls: Sequence[CallCount]
    by_type: Mapping[str, int]
    """Resources that are known, by type."""


class AccountsRoom(Struct):
    """Everything that may be asked of connected accounts. `turn` is what the server does by itself."""

    store: AccountStore
    inventory: InventoryRoom
    parts: Parts
    clock: Clock
    gate: Gate
    limits: Mapping[str, Limit] = field(default_factory=lambda: LIMITS)
    _ended: threading.Event = field(default_factory=threading.Event)
    _begun: bool = False

    @classmethod
    def of(
        cls,
        state: State,
        clock: Clock,
        inventory: InventoryRoom,
        metrics: MetricStore,
        audit: AuditIngest,
        gate: Gate,
    ) -> "AccountsRoom":
        """The room over the state database and what else it writes to."""
        store = AccountStore(state)
        return cls(store, inventory, Parts(store, inventory, metrics, audit, inventory.spot, clock), clock, gate)

    async def plan(self, wanted: Account) -> Plan:
        """What a read would do, by asking AWS who we are and nothing else. Raises what a call raises."""
        await self._admit(wanted)
        account, arn = await asyncio.to_thread(self._recognised, wanted)
        operations = [(one.name, one.operations) for one in SOURCES]
        calls = sum(len(account.regions) if not one.is_global else 1 for one in SOURCES)
        readings = await self.inventory.readings.of(Scope(frozenset((account.account,))))
        if not readings:
            return Plan(account, arn, operations, calls, None, None, None)
        scope = Scope(frozenset((account.account,)))
        found = await self.inventory.resources.of_type(scope, *TYPES)
        mine = [one for one in found if one.origin == ORIGIN and one.ref.region in account.regions]
        series = series_of(mine)
        number = sum(len(one.wanted.statistics) for one in series)
        return Plan(account, arn, operations, calls, len(mine), number, cost_of(series))

    async def connect(self, wanted: Account) -> Account:
        """Connect an account, and begin to read it. Raises what a call raises, Conflict where it is being read."""
        await self._admit(wanted)
        account, _ = await asyncio.to_thread(self._recognised, wanted)
        account = replace(account, added_ms=self.clock.now_ms())
        await self.store.put(account)
        await self.read(account)
        return account

    async def _admit(self, wanted: Account) -> None:
        """An endpoint beyond the public internet, an emulator's, joins the list of whoever may allow it."""
        if wanted.access.endpoint:
            await self.gate.admit(wanted.access.endpoint, f"AWS account {wanted.account or 'by its credentials'}")

    async def read(self, account: Account) -> Read:
        """Begin to read an account now. Raises Conflict."""
        now_ms = self.clock.now_ms()
        return await self.store.begin(account.account, steps_of(account), now_ms, _next(account, now_ms))

    async def standing(self, account: Account) -> Standing:
        """How an account stands."""
        read = await self.store.last(account.account)
        steps = await self.store.steps(read.id) if read else []
        since = to_datetime(max(0, self.clock.now_ms() - _CALLS_DAYS * _DAY_MS)).date().isoformat()
        found = await self.inventory.resources.counted(account.account, ORIGIN)
        return Standing(account, read, steps, await self.store.calls(account.account, since), found)

    async def disconnect(self, account: str) -> None:
        """Forget an account with what was found in it; metrics and audit events stay. Raises NotFound."""
        await self.store.one(account)
        await self.store.remove(account)
        await self.inventory.readings.forget(account, ORIGIN)

    # -- what the server does by itself ---------------------------------------------------------------------------

    async def turn(self) -> bool:
        """Go on with a read that is under way, or begin one that is due; whether there was any."""
        if self._ended.is_set():
            return False
        read = await self.store.under_way()
        if read is None:
            now_ms = self.clock.now_ms()
            due = [one for one in await self.store.all() if one.every_hours and one.next_ms <= now_ms]
            if not due:
                return False
            read = await self.read(min(due, key=lambda one: one.next_ms))
        await self._go_on(read)
        return True

    async def life(self) -> None:
        """Called at the start and at the end of the process: from then on no call is begun."""
        if self._begun:
            self._ended.set()
        self._begun = True

    async def _go_on(self, read: Read) -> None:
        account = await self.store.one(read.account)
        try:
            calls = await asyncio.to_thread(self._reader, account)
        except TrimtabError as problem:
            await self.store.end(read.id, ReadState.FAILED, self.clock.now_ms(), str(problem))
            return
        try:
            await AccountReading(self.parts, account, read, calls, self._ended.is_set).run()
        finally:
            calls.close()

    def _reader(self, account: Account) -> CloudReader:
        return CloudReader(
            account.access, allowed(), Pace(self.clock, self._wait, self.limits), Meter(), account.account
        )

    def _wait(self, seconds: float) -> None:
        if self._ended.wait(seconds):
            raise Unavailable("trimtab is stopping; the read goes on after the next start")

    def _recognised(self, wanted: Account) -> tuple[Account, str]:
        """The account with its number, partition and regions, and the ARN that it is read as. Blocks."""
        calls = self._reader(wanted)
        try:
            return self._told(calls, wanted)
        except AccessDenied as problem:  # AWS refuses us; our own caller is let in
            raise InvalidInput(f"AWS refuses these credentials: {problem}") from problem
        except NotFound as problem:
            raise Unavailable(f"this is no endpoint of AWS: {problem}") from problem
        finally:
            calls.close()

    def _told(self, calls: CloudReader, wanted: Account) -> tuple[Account, str]:
        home = wanted.regions[0] if wanted.regions else "us-east-1"
        who = calls.identity(home)
        number, arn = who.get("Account", ""), who.get("Arn", "")
        if not number.isdecimal() or (wanted.account and wanted.account != number):
            raise InvalidInput(f"cannot connect {wanted.account}: these credentials are of account {number}")
        regions = wanted.regions or tuple(sorted(_regions(calls, home)))
        partition = arn.split(":")[1] if arn.startswith("arn:") else "aws"
        return replace(wanted, account=number, partition=partition, regions=regions), arn


def _regions(calls: CloudReader, home: str) -> list[str]:
    """Regions that are enabled."""
    return [str(one["RegionName"]) for one in calls.call("ec2", home, "DescribeRegions").get("Regions", ())]


def _next(account: Account, now_ms: int) -> int:
    return now_ms + account.every_hours * _HOUR_MS
