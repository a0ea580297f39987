"""A live trimtab for tests: `trimtab up` with its engine owner and all doors, on free loopback ports."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import httpx
import pytest

START_S = 180  # on a machine that does much else
SHARED: "pytest.StashKey[LiveServer]" = pytest.StashKey()
"""The one that all wire tests of a worker use."""


class LiveServer:
    """A `trimtab up --no-agent` of its own process group, on a data directory of its own."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self._settings = settings
        self.url = ""
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []
        self._reader: Thread | None = None

    def start(self) -> "LiveServer":
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TRIMTAB_")}
        environment = {
            **inherited,
            "TRIMTAB_HTTP_ADDR": "127.0.0.1:0",
            "TRIMTAB_OTLP_HTTP_ADDR": "off",
            "TRIMTAB_OTLP_GRPC_ADDR": "127.0.0.1:0",
            "TRIMTAB_EMF_ADDR": "127.0.0.1:0",
            "TRIMTAB_STATSD_ADDR": "127.0.0.1:0",
            "TRIMTAB_XRAY_UDP_ADDR": "127.0.0.1:0",
            "TRIMTAB_DATA_DIR": str(self.data_dir),
            "TRIMTAB_DISK_RESERVE_MB": "1",
            "TRIMTAB_ALLOW_RESET": "1",
            "TRIMTAB_SELF_METRICS": "0",  # what is listed is what a test put
            "COLUMNS": "200",
            **self._settings,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trimtab", "up", "--no-agent"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        lines: Queue[str | None] = Queue()
        self._reader = Thread(target=self._pump, args=(self.process, lines), daemon=True)
        self._reader.start()
        try:
            while (line := lines.get(timeout=START_S)) is not None:
                if line.split()[:1] == ["pages"]:
                    self.url = line.split()[1]
                    return self
        except Empty:
            self.kill()  # no fixture would: it never got a server
        raise AssertionError("the server did not start:\n" + "".join(self.output))

    def address_of(self, door: str) -> tuple[str, int]:
        """Where a door that is not HTTP listens, by the name it prints: `OTLP over gRPC`, `StatsD` …"""
        line = [line for line in self.output if f"listening: {door} " in line][-1]  # of the last start
        host, _, port = line.split()[-1].rpartition(":")
        return host, int(port)

    def _pump(self, process: "subprocess.Popen[str]", lines: "Queue[str | None]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.output.append(line)
                lines.put(line)
        lines.put(None)

    def kill(self) -> None:
        """`kill -9` of the whole process group."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> int:
        """Stop as Ctrl-C does; returns the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self._ended()

    def _ended(self) -> int:
        assert self.process is not None
        assert self._reader is not None
        status = self.process.wait(60)
        self._reader.join(60)
        return status

    def restart(self) -> "LiveServer":
        self.stop()
        return self.start()

    def reset(self) -> None:
        httpx.post(f"{self.url}/rest/v1/admin/reset", timeout=30).raise_for_status()
