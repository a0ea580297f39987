"""The logs room over an engine and a state of its own, and a group of realistic lines made by the engine itself."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trimtab.base.clock import ManualClock, SystemClock
from trimtab.egress.entries import Entries
from trimtab.egress.gate import Gate
from trimtab.egress.own import OwnPorts
from trimtab.logs.insights.run import LogInsights
from trimtab.logs.model import Group, Stream
from trimtab.logs.room import LogsRoom
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.log import IngestLog
from trimtab.store.telemetry.migrations import migrate

ACCOUNT, REGION = "123456789012", "us-east-1"
END_MS = 1_795_651_200_000  # 2026-11-26T00:00:00Z
DAY_MS = 86_400_000
_LINES = """
INSERT INTO log_events (account, region, `group`, log_group, stream, stream_id, time, ingested, id, message)
WITH number AS n, cityHash64(n) AS h, cityHash64(n, 1) AS g, cityHash64(n, 2) AS k,
    {start:Int64} + intDiv(n * 86400000, {lines:UInt64}) AS at,
    ['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/models', '/healthz', '/metrics', '/v1/batches',
     '/v1/files', '/admin/reload', '/v1/images'][1 + least(intDiv(h % 1000, 130), 9)] AS path,
    multiIf(g % 1000 < 4, 500, g % 1000 < 7, 503, g % 1000 < 20, 429, g % 1000 < 35, 404, 200) AS status,
    round(exp(2 + (k % 10000) / 2000), 1) AS ms,
    concat('gpu-', leftPad(toString(h % 64), 2, '0')) AS host,
    concat('user-', toString(g % 20000)) AS user,
    formatDateTime(fromUnixTimestamp64Milli(at, 'UTC'), '%Y-%m-%dT%H:%i:%S.%fZ') AS stamp,
    lower(hex(h)) AS request
SELECT {account:String}, {region:String}, {group:UInt64}, {name:String}, host, {stream:UInt64},
    fromUnixTimestamp64Milli(at, 'UTC'), fromUnixTimestamp64Milli(at, 'UTC'), n,
    multiIf(
        n % 250000 = 77, concat(stamp, ' ERROR ', host, ' scheduler CUDA out of memory: tried to allocate ',
            toString(k % 4096), ' MiB for request ', request),
        k % 10 < 7, concat(stamp, if(status >= 500, ' ERROR ', if(status >= 400, ' WARN ', ' INFO ')), host,
            ' gateway request=', request, ' user=', user, ' method=POST path=', path, ' status=', toString(status),
            ' bytes=', toString(g % 90000), ' ms=', toString(ms), ' model=llama-', toString(h % 5)),
        concat('{"time":"', stamp, '","level":"', if(status >= 500, 'error', if(status >= 400, 'warn', 'info')),
            '","host":"', host, '","logger":"engine.scheduler","message":"batch of ', toString(1 + h % 64),
            ' done","path":"', path, '","status":', toString(status), ',"ms":', toString(ms), ',"user":"', user,
            '","request":"', request, '","gpu":{"index":', toString(h % 8), ',"util":', toString(g % 100), '}}')
    )
FROM numbers({from:UInt64}, {count:UInt64})
SETTINGS max_threads = 2
"""
_BLOCK = 500_000


@dataclass(frozen=True, slots=True)
class Bench:
    """A room with queries over it."""

    room: LogsRoom
    insights: LogInsights
    telemetry: Telemetry


@contextmanager
def logs_room(at: Path) -> Iterator[Bench]:
    """The room over what is in a directory; its clock stands at END_MS."""
    owner = subprocess.Popen(
        [sys.executable, "-m", "trimtab.store.telemetry.owner", str(at / "engine"), "3000"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdout.readline()  # "ready"
    telemetry, clock = Telemetry(lambda: embedded_endpoint(at / "engine")), ManualClock(END_MS)
    state = State.open("", at)
    migrate(telemetry)
    log = IngestLog(at / "log", telemetry, SystemClock())
    log.open()
    room = LogsRoom.of(telemetry, state, log, clock, Gate(Entries(state, clock), OwnPorts(Settings(data_dir=at))))
    try:
        yield Bench(room, LogInsights(telemetry, room.reader, room.groups, clock), telemetry)
    finally:
        log.close()
        state.close()
        telemetry.close()
        owner.stdin.close()
        owner.wait(60)


async def make_lines(bench: Bench, name: str, lines: int) -> None:
    """Fill a group with so many lines over the day before END_MS, evenly; 7 of 10 are text, the others JSON."""
    group, streams = await bench.room.groups.ensure(ACCOUNT, REGION, name, ["gateway"])
    for start in range(0, lines, _BLOCK):
        count = min(_BLOCK, lines - start)
        bench.telemetry.command(_LINES, _parameters(group, streams[0], start, count, lines))


def _parameters(group: Group, stream: Stream, start: int, count: int, lines: int) -> dict[str, object]:
    return {
        "account": ACCOUNT, "region": REGION, "group": group.id, "name": group.name, "stream": stream.id,
        "start": END_MS - DAY_MS, "lines": lines, "from": start, "count": count,
    }  # fmt: skip
