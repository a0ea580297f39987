"""What a place sets about its traces: encryption, where segments go, how much is indexed, what tail sampling keeps."""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, delete, insert, select

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.store.state.database import State
from trimtab.store.state.tables import trace_settings

T = TypeVar("T", bound=msgspec.Struct)
_settings = trace_settings.c


class Encryption(msgspec.Struct, frozen=True):
    """X-Ray's encryption setting: kept and told; trimtab itself does not encrypt. `key` is of type KMS only."""

    type: str = "NONE"
    key: str = ""


class Destination(msgspec.Struct, frozen=True):
    """Where segments go: `XRay` or `CloudWatchLogs`. Both are the table of spans here."""

    name: str = "XRay"
    log_key: str = ""


class Indexing(msgspec.Struct, frozen=True):
    """X-Ray's rule of which spans become trace summaries, in percent. Here every one is searched whatever it says."""

    percentage: float = 100.0


class TailPolicy(msgspec.Struct, frozen=True):
    """Tail sampling: traces that failed or took `slow_ms` are kept, and `share` (0 to 1) of the others.

    A trace is judged `delay_s` after its last span. Off until it is put.
    """

    enabled: bool = False
    share: float = 1.0
    slow_ms: int = 1000
    delay_s: int = 60


NAMES: dict[type[msgspec.Struct], str] = {
    Encryption: "encryption",
    Destination: "destination",
    Indexing: "indexing",
    TailPolicy: "tail",
}


class Kept(Struct, frozen=True):
    """A setting of a place and when it was put."""

    account: str
    region: str
    policy: TailPolicy


class TracePreferences:
    """Reads and writes settings of places."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def get(self, kind: type[T], account: str, region: str) -> tuple[T, int]:
        """A setting and when it was put (0: never, the default)."""

        def read(connection: Connection) -> tuple[T, int]:
            row = connection.execute(select(trace_settings).where(_key(account, region, NAMES[kind]))).first()
            return (typed.decode(row.value, type=kind), row.modified_ms) if row else (kind(), 0)

        return await self._state.read(read)

    async def put(self, account: str, region: str, setting: msgspec.Struct) -> int:
        """Keep a setting; when (ms). Raises InvalidInput."""
        _check(setting)
        now_ms = self._clock.now_ms()
        name = NAMES[type(setting)]
        values = {"account": account, "region": region, "name": name, "modified_ms": now_ms}

        def write(connection: Connection) -> None:
            connection.execute(delete(trace_settings).where(_key(account, region, name)))
            connection.execute(insert(trace_settings).values(values | {"value": msgspec.json.encode(setting).decode()}))

        await self._state.change(write)
        return now_ms

    async def tail_policies(self) -> list[Kept]:
        """The tail sampling of every place where it is on."""

        def read(connection: Connection) -> list[Kept]:
            rows = connection.execute(select(trace_settings).where(_settings.name == NAMES[TailPolicy]))
            found = [Kept(row.account, row.region, typed.decode(row.value, type=TailPolicy)) for row in rows]
            return [one for one in found if one.policy.enabled]

        return await self._state.read(read)


def _check(setting: msgspec.Struct) -> None:
    if isinstance(setting, Encryption) and (setting.type == "KMS") != bool(setting.key):
        raise InvalidInput("cannot set encryption: expected a KeyId with type KMS, and none with NONE", field="KeyId")
    if isinstance(setting, Indexing) and not 0 <= setting.percentage <= 100:
        raise InvalidInput(f"cannot set indexing: got {setting.percentage}; expected 0 to 100 percent")
    if isinstance(setting, TailPolicy):
        if not 0 <= setting.share <= 1:
            raise InvalidInput(f"cannot set tail sampling: got share {setting.share}; expected 0 to 1", field="share")
        if setting.slow_ms < 0 or not 5 <= setting.delay_s <= 3600:
            raise InvalidInput("cannot set tail sampling: expected slow_ms of 0 or above and delay_s of 5 to 3600")


def _key(account: str, region: str, name: str) -> Any:
    return and_(_settings.account == account, _settings.region == region, _settings.name == name)
