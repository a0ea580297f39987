"""One live trimtab for all wire tests of a worker; tests use names of their own, so that they do not meet."""

from collections.abc import Iterator

import pytest

from live_server import SHARED, LiveServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[LiveServer]:
    live = pytestconfig.stash[SHARED] = LiveServer(
        tmp_path_factory.mktemp("trimtab"), TRIMTAB_SYSLOG_ADDR="127.0.0.1:0"
    ).start()
    yield live
    live.stop()
