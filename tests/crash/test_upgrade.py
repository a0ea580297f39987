"""Every release's data folder, opened by this program: what the release told of it, this one tells too.

The folder holds a part that was acknowledged and had not reached the engine (crash/release_data.py).
"""

import os
import random
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from crash.release_data import KEPT, RELEASES, facts, told, unpacked
from live_server import LiveServer
from patience import until

KILLS = int(os.environ.get("KILLS", "1"))  # `make test-all` sets 20
_START_S = 6.0
"""In which the state and the engine are brought to the newest schema and the log is read."""

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


@pytest.fixture(params=sorted(RELEASES.glob("*.tar.xz")), ids=lambda file: file.name.removesuffix(".tar.xz"))
def release(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return unpacked(request.param, tmp_path)


def test_what_a_release_left_is_told_alike_after_starts_that_are_killed(release: Path) -> None:
    known = facts(release)
    chance = random.Random(7)
    for _ in range(KILLS):
        _killed_while_it_starts(LiveServer(release / "data", **KEPT), chance.uniform(0.5, _START_S))
    live = LiveServer(release / "data", **KEPT).start()
    try:
        until(lambda: told(live.url, known["made_s"]) == known["told"], f"{known['told']} is not what is told")
    finally:
        assert live.stop() == 0
    assert not list((release / "data" / "log").rglob("quarantine/*"))  # rows that the engine refused


def _killed_while_it_starts(live: LiveServer, after_s: float) -> None:
    """Ended as by a power cut, whether or not it was ready by then."""
    starting = threading.Thread(target=_started, args=(live,))
    starting.start()
    starting.join(after_s)
    while live.process is None:
        starting.join(0.01)
    live.kill()
    starting.join()


def _started(live: LiveServer) -> None:
    with suppress(AssertionError):  # it was killed before it was ready
        live.start()
