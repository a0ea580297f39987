"""What holds for every test: no setting of this machine leaks in, and nothing leaves this machine."""

import ast
import gc
import ipaddress
import os
import signal
import socket
import sys
import weakref
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from typing import Any

import httpx
import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

import keeper  # isort: skip  # noqa: F401  # before all that may start threads: it forks
import by_file
import time_limit
from depth import DEEP, examples
from engine_owner import engine_in
from live_server import SHARED
from shared_servers import SharedServers, file_of, kind_of, put_together
from trimtab.egress import asker
from trimtab.store.state import database
from trimtab.store.state.database import State
from trimtab.store.state.key_file import NAME as KEY_FILE
from trimtab.store.telemetry.client import Telemetry
from two_shards import two_shards_in

gc.disable()  # until all tests are collected: looking again and again at what stays takes half of that time

_FOREIGN = ("TRIMTAB_", "AWS_", "OTEL_", "BOTO_")
for _name in [name for name in os.environ if name.startswith(_FOREIGN)]:
    del os.environ[_name]
# A client that finds no credentials asks the cloud's metadata address, and waits for it.
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

# The machine may be busy with the other half of the tests: how long an example takes says nothing.
settings.register_profile("trimtab", deadline=None, print_blob=True, max_examples=examples(100))
settings.load_profile("trimtab")

if not DEEP:
    # Examples are made of the constants of all modules that are loaded too: which ones depends on what ran before, and
    # in a new checkout each worker reads 3,000 files for them, which takes 11 s of processor time.
    providers._get_local_constants = lambda: providers._local_constants

# Nor does how long an answer takes: the 5 s after which httpx gives up pass on a machine that does much else.
ANSWER_S = 60.0
_answer = httpx._config.DEFAULT_TIMEOUT_CONFIG
_answer.connect = _answer.read = _answer.write = _answer.pool = ANSWER_S

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts what it runs in the background (`make test &`) deaf to Ctrl-C, and what is started inherits that:
    # a command that a test interrupts would go on for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_connect = socket.socket.connect


def _connect_here(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
        raise AssertionError(f"a test may not reach beyond this machine: it connects to {address}")
    _connect(self, address)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


socket.socket.connect = _connect_here  # type: ignore[method-assign]  # for the whole run, before anything connects


# Who calls a store directly is whoever runs the tests, who may send to this machine; tests of the gate name their own.
_TESTER = asker.Asker("test", may_allow=True)
asker._current = ContextVar("asker", default=_TESTER)


_open_state = State.__init__


def _open_and_close_state(self: State, url: str) -> None:
    _open_state(self, url)
    for engine in (self.engine, self._reader):
        weakref.finalize(self, engine.dispose)  # of a module's fixture: Python 3.13 tells of connections left open


State.__init__ = _open_and_close_state  # type: ignore[method-assign]  # for the whole run


# Unit tests survive no power cut: without syncs they wait for no disk. The servers of crash tests are other processes.
# Nor does a change wait for others to go together with: in a test it is alone most often.
_PRAGMAS = database._SQLITE_PRAGMAS
database._GATHER_S = 0.0
database._SQLITE_PRAGMAS = tuple(one.replace("= FULL", "= OFF") for one in _PRAGMAS)

_migrate = State.migrate


@cache
def _migrated() -> bytes:
    """A SQLite database with every table."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "state.sqlite"
        state = State(f"sqlite:///{file}")
        _migrate(state)
        state.close()  # the last connection moves the log into the file
        return file.read_bytes()


@cache
def _begun() -> dict[str, bytes]:
    """The files of a state that was opened: its tables are there, and a key for its secrets."""
    with TemporaryDirectory() as folder:
        State.open("", Path(folder)).close()
        return {name: (Path(folder) / name).read_bytes() for name in ("state.sqlite", KEY_FILE)}


_COPIED: set[str] = set()
"""Databases of such a state that were not opened yet."""


def _migrate_by_copy(self: State, revision: str = "") -> None:
    """A new SQLite database begins as a copy: making its tables takes 0.1 s, and most tests have one of their own."""
    url = self.engine.url
    if url.database in _COPIED and not revision:
        _COPIED.discard(url.database)
        return
    new = url.get_backend_name() == "sqlite" and url.database and not _size(Path(url.database))
    if new and url.database and not revision:
        Path(url.database).write_bytes(_migrated())
    else:
        _migrate(self, revision)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


State.migrate = _migrate_by_copy  # type: ignore[method-assign]  # for the whole run


def _one_at_a_time(function: Callable[..., Any]) -> Callable[..., Any]:
    turn = RLock()

    @wraps(function)
    def waits(*arguments: Any, **named: Any) -> Any:
        with turn:
            return function(*arguments, **named)

    return waits


if sys.version_info < (3, 11, 8):
    # Two threads that parse at once spoil each other's count of depth (CPython issue 106905): of one that logs a
    # traceback and one that reports a failure, the report got a SystemError, which ended the run.
    ast.parse = _one_at_a_time(ast.parse)


def pytest_configure(config: pytest.Config) -> None:
    for plugin in (by_file, time_limit):
        config.pluginmanager.register(plugin)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where other programs take part (a browser, servers, kills), a test has a second try, and the report names it.

    Such tests wait more than they work, and the longest have a file with few tests: they come first, so that no worker
    is left alone with one at the end, and the others' work fills the cores meanwhile. Those with real programs are
    together, as they share a server that ends when another folder begins.
    """
    waiting = [item for item in items if _folder(item) in _WAITING]
    for item in waiting:
        item.add_marker(pytest.mark.flaky(reruns=1))
    first = (*_WAITING, "real")
    items.sort(key=lambda item: first.index(_folder(item)) if _folder(item) in first else len(first))
    put_together(items)


def pytest_collection_finish() -> None:
    """From here on there may be garbage; what was collected is none."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The server that wire tests share, or those with real programs, ends with the last: it slows down others."""
    live = item.config.stash.get(SHARED, None)
    if live is not None and _folder(item) not in ("wire", "real"):
        live.stop()
        del item.config.stash[SHARED]
    if (shared := item.config.stash.get(_SHARING, None)) is not None:
        shared.end_unless(kind_of(file_of(item)))


_SHARING: pytest.StashKey[SharedServers] = pytest.StashKey()


@pytest.fixture(scope="session")
def shared_servers(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[SharedServers]:
    """The servers that several files share; a file asks for its own by `server(kind, file)`."""
    shared = pytestconfig.stash[_SHARING] = SharedServers(tmp_path_factory.mktemp("shared"))
    yield shared
    shared.end_unless("")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the shared server printed last stands below a failure: an answer of 500 says its reason there alone."""
    report = yield
    live = item.config.stash.get(SHARED, None)
    if report.failed and live is not None and live.output:
        report.sections.append(("what the shared server printed last", "".join(live.output[-60:])))
    return report


_WAITING = ("crash", "wire", "browser")


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def closed_states(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every state database that a test opens is closed when it ends: Python 3.13 tells of connections that are not."""
    opened: list[State] = []
    initialise = State.__init__

    def remembered(self: State, url: str) -> None:
        initialise(self, url)
        opened.append(self)

    monkeypatch.setattr(State, "__init__", remembered)
    yield
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telemetry]:
    """An engine with every table; a test that uses one empties it first (`TRUNCATE TABLE …`)."""
    made = two_shards_in if os.environ.get("TWO_SHARDS") == "1" else engine_in  # `make test-shards`
    with made(tmp_path_factory.mktemp("telemetry") / "engine") as telemetry:
        yield telemetry


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> None:
    """State databases sync as they do outside of tests."""
    monkeypatch.setattr(database, "_SQLITE_PRAGMAS", _PRAGMAS)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A new state database, or the one that another fixture made here.

    A new one is a copy of one that was opened: to make and sync a key takes as long again.
    """
    if not (tmp_path / "state.sqlite").exists():
        for name, content in _begun().items():
            file = tmp_path / name
            file.touch(mode=0o600)
            file.write_bytes(content)
        _COPIED.add(str(tmp_path / "state.sqlite"))
    return State.open("", tmp_path)
