"""The engine owner: the one process that holds the embedded engine and its data directory.

Run as `python -m trimtab.store.telemetry.owner DIRECTORY`, by the supervisor. It takes the directory's lock,
starts the engine, writes `engine.json` (port, password, pid; readable by this user only) and serves until its
standard input closes, which is how a child learns that its parent ended, however that ended.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from trimtab.base.errors import SetupError
from trimtab.base.ids import new_secret
from trimtab.store.telemetry.lock import lock_directory
from trimtab.store.telemetry.owner_http import DATABASE, Connection, EngineServer, Handles

# Answers leave as bytes: chDB loads pyarrow, and with it numpy, where it can, which costs 0.15 CPU-s and 12 MB.
_kept_out = sys.modules.setdefault("pyarrow", None) is None  # type: ignore[arg-type]  # what makes an import fail
import chdb  # noqa: E402

if _kept_out:
    del sys.modules["pyarrow"]

ENDPOINT_FILE = "engine.json"
_MARK_CACHE_BYTES = 128 << 20  # marks of a laptop's store; the default reserves 5 GB
_MEMORY_LOOK_MS = 500
"""How often the engine sets right what it believes to hold by what the system says: every 50 ms without a word, a fifth
of a percent of a core. What queries take is counted at once all the same."""
_QUIET_S, _KILLED_S = 0.2, 0.8  # for queries to end by themselves at a stop, and once they were told to
_SECOND_OWNER = 3
_NICE = 5
"""The engine has a dozen busy threads where the server has one, which accepts what must not wait: the kernel shares a
full machine by thread, so each of the engine's counts for a third."""


def write_config(directory: Path, memory_mb: int) -> Path:
    """Write the engine's own configuration file and return its path.

    Without a word the engine keeps statistics of every column beside each part that it merges, which no plan of ours
    needs: 6 to 20 kB a part, a tenth of the room of a small store.
    """
    path = directory / "engine.xml"
    backups = escape(str(directory / "backups"))
    path.write_text(
        f"""<clickhouse>
  <max_server_memory_usage>{memory_mb << 20}</max_server_memory_usage>
  <mark_cache_size>{_MARK_CACHE_BYTES}</mark_cache_size>
  <memory_worker_period_ms>{_MEMORY_LOOK_MS}</memory_worker_period_ms>
  <backups><allowed_path>{backups}</allowed_path></backups>
  <merge_tree><auto_statistics_types></auto_statistics_types></merge_tree>
</clickhouse>
"""
    )
    return path


def start_engine(directory: Path, memory_mb: int) -> Callable[[], Connection]:
    """Open the engine and return a function that makes handles; checks that the configuration file took."""
    config = write_config(directory, memory_mb)
    source = f"{directory / 'data'}?config-file={config}"
    connect: Callable[[], Connection] = partial(chdb.connect, source)
    first = connect()
    first.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
    took = first.query("SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'", "CSV")
    if str(memory_mb << 20) not in str(took):
        raise SetupError(f"cannot start the engine: it ignored its configuration file {config}; report this as a bug")
    first.close()
    return connect


def serve(directory: Path, memory_mb: int) -> None:
    """Own `directory` until standard input closes or a SIGTERM arrives."""
    lock = lock_directory(directory)
    connect = start_engine(directory, memory_mb)
    keep_open = connect()  # the engine closes with its last handle
    password = new_secret()
    server = EngineServer(Handles(connect), password)
    endpoint = directory / ENDPOINT_FILE
    _write_private(endpoint, {"port": server.server_address[1], "password": password, "pid": os.getpid()})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor ends us in order
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    print("ready", flush=True)  # noqa: T201 - the supervisor reads this line
    server.serve_forever(poll_interval=0.2)
    if not server.wait_quiet(_QUIET_S):
        keep_open.query("KILL QUERY WHERE 1 ASYNC")
        if not server.wait_quiet(_KILLED_S):  # to close the engine under a query would crash it: no better than this
            endpoint.unlink(missing_ok=True)
            os._exit(0)
    server.handles.close()
    keep_open.close()
    endpoint.unlink(missing_ok=True)
    lock.close()


def _end_with_parent(server: EngineServer) -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock, held here, would fail the interpreter's own end
        pass
    server.shutdown()


def _write_private(path: Path, content: dict[str, object]) -> None:
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
    temporary.replace(path)


def main() -> int:
    """Entry point: `owner DIRECTORY MEMORY_MB`."""
    os.nice(_NICE)
    try:
        serve(Path(sys.argv[1]), int(sys.argv[2]))
    except SetupError as problem:
        print(problem, file=sys.stderr, flush=True)  # noqa: T201 - the supervisor shows it
        return _SECOND_OWNER
    return 0


if __name__ == "__main__":
    sys.exit(main())
