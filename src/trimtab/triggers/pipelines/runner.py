"""The process that runs one command: claims the run durably, confines the command, and writes down how it ended.

    python -m trimtab.triggers.pipelines.runner DIRECTORY

The directory holds `spec.json`. Whoever holds the lock on `lock` is the runner; the file `claimed`, on disk before the
command starts, says that it was started: so a run is started at most once, however often it is asked for. The process
is a session of its own and outlives whoever started it. It imports nothing but the standard library.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import IO, Any

CLAIMED, LOCK, RESULT, SPEC, WORK = "claimed", "lock", "result.json", "spec.json", "work"
_NO_NEW_PRIVILEGES = 38  # prctl's PR_SET_NO_NEW_PRIVS
_CHUNK = 8192
_MIB = 1 << 20


def main(directory: Path) -> int:
    """Run the command of a run's directory, once. 0 also where another runner has or had it."""
    with (directory / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return 0
        if not _claim(directory):
            return 0
        result = _run(directory, json.loads((directory / SPEC).read_text(encoding="utf-8")))
        _write(directory, RESULT, json.dumps(result))
    return 0


def _claim(directory: Path) -> bool:
    """Make the claim durable; False where it was made before."""
    try:
        handle = os.open(directory / CLAIMED, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return False
    os.write(handle, str(os.getpid()).encode())
    os.fsync(handle)
    os.close(handle)
    _sync(directory)
    return True


def _run(directory: Path, spec: dict[str, Any]) -> dict[str, Any]:
    work = directory / WORK
    work.mkdir(exist_ok=True)
    try:
        process = subprocess.Popen(
            spec["argv"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=work,
            env={**spec["environment"], "HOME": str(work)},
            start_new_session=True,
            preexec_fn=lambda: _confine(spec),  # safe: one thread yet
        )
    except (OSError, ValueError) as problem:
        return {"status": None, "reason": f"cannot start the command: {problem}", "output": ""}
    tail = _Tail(int(spec["output_kb"]) << 10)
    reader = threading.Thread(target=tail.read, args=(process.stdout,), daemon=True)
    reader.start()
    threading.Thread(target=_feed, args=(process.stdin, spec["input"].encode()), daemon=True).start()
    reason = ""
    try:
        status = process.wait(spec["timeout_s"])
    except subprocess.TimeoutExpired:
        reason = f"the command did not end within {spec['timeout_s']:g} s and was stopped"
        _end(process)
        status = process.wait()
    _end(process)  # what it left behind in its session
    reader.join(5)
    if status and not reason:
        reason = (
            f"the command was ended by signal {-status}" if status < 0 else f"the command ended with status {status}"
        )
    return {"status": status, "reason": reason, "output": tail.text()}


def _confine(spec: dict[str, Any]) -> None:
    """In the child, before the command: limits of resources, and no way to more rights than this process has."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (spec["open_files"], spec["open_files"]))
    if spec["memory_mb"]:
        resource.setrlimit(resource.RLIMIT_AS, (spec["memory_mb"] * _MIB, spec["memory_mb"] * _MIB))
    if spec["cpu_s"]:
        resource.setrlimit(resource.RLIMIT_CPU, (spec["cpu_s"], spec["cpu_s"] + 5))
    os.umask(0o077)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


class _Tail:
    """The end of what the command says, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._cut = False

    def read(self, pipe: IO[bytes]) -> None:
        """Read until the pipe ends."""
        while chunk := os.read(pipe.fileno(), _CHUNK):
            self._chunks.append(chunk)
            self._size += len(chunk)
            while self._size - len(self._chunks[0]) >= self._limit:
                self._size -= len(self._chunks.popleft())
                self._cut = True

    def text(self) -> str:
        """The tail, beginning with an ellipsis where something was left out."""
        kept = b"".join(self._chunks)[-self._limit :].decode("utf-8", "replace")
        return f"…{kept}" if self._cut else kept


def _feed(pipe: IO[bytes], text: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        pipe.write(text)
        pipe.close()


def _write(directory: Path, name: str, text: str) -> None:
    """Write a file whole or not at all, durably."""
    partial = directory / f"{name}.part"
    with partial.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(directory / name)
    _sync(directory)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
