"""The agent is killed again and again while it writes fast to a receiver that fails half of the time."""

import random
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from trimtab.agent.spool import Spool

KILLS = 12
# The real agent with small segments, so that kills meet rotation and removal, and short waits after failures.
AGENT = """
import sys
from pathlib import Path
from trimtab.agent import delivery
from trimtab.agent.run import Options, run
from trimtab.agent.spool import SpoolLimits
from trimtab.base.clock import SystemClock
delivery.FIRST_WAIT_S, delivery.LONGEST_WAIT_S = 0.002, 0.05
limits = SpoolLimits(segment_bytes=20_000)
run(Options(sys.argv[1], "", 0.01, Path(sys.argv[2]), limits=limits), SystemClock())
"""


class FlakyReceiver:
    """Counts batches as a server does: by key. Half of the time it fails, before or after having counted."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.flaky = True
        self.changed = threading.Condition()
        self.attempts = 0
        self.bodies: dict[str, set[bytes]] = {}
        self.counted: list[str] = []

    def take(self, key: str, body: bytes) -> int | None:
        """The status to answer with; None to hang up."""
        with self.changed:
            self.attempts += 1
            self.bodies.setdefault(key, set()).add(body)
            fate = self.random.random() if self.flaky else 1.0
            self.changed.notify_all()
            if fate < 0.15:
                return 503
            if fate < 0.25:
                return 429
            if fate < 0.35:
                return None
            if key not in self.counted:
                self.counted.append(key)
            return None if fate < 0.5 else 200

    def wait_for_attempts(self, more: int) -> None:
        with self.changed:
            goal = self.attempts + more
            assert self.changed.wait_for(lambda: self.attempts >= goal, timeout=30), "the agent sends nothing"


def serve(receiver: FlakyReceiver) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            try:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    raise ConnectionError
                status = receiver.take(self.headers["Idempotency-Key"], body)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", "0")
                self.end_headers()
            except ConnectionError:  # the agent was killed in mid-request
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A killed agent resets its connections; that is the point."""

    return Server(("127.0.0.1", 0), Handler)


@pytest.mark.crash
def test_every_batch_arrives_whole_once_and_in_order_over_kills(tmp_path: Path) -> None:
    receiver = FlakyReceiver(seed=4)
    server = serve(receiver)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    command = [sys.executable, "-c", AGENT, f"http://127.0.0.1:{server.server_port}", str(tmp_path)]
    try:
        for _ in range(KILLS):
            with subprocess.Popen(command) as agent:
                receiver.wait_for_attempts(receiver.random.randint(1, 60))
                agent.send_signal(signal.SIGKILL)
        receiver.flaky = False
        with subprocess.Popen(command) as agent:
            receiver.wait_for_attempts(20)
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(20) == 0
    finally:
        server.shutdown()
        server.server_close()

    spool = Spool(tmp_path)
    assert (spool.state().records, spool.state().lost, spool.state().rejected) == (0, 0, 0)
    last = spool.append(b"", 0) - 1
    spool.close()
    numbers = [int(key.rpartition("/")[2]) for key in receiver.counted]
    assert numbers == list(range(1, last + 1)), "every number once, none missing, in order"
    assert len({key.partition("/")[0] for key in receiver.counted}) == 1
    assert [key for key, bodies in receiver.bodies.items() if len(bodies) > 1] == []
    assert len({body for bodies in receiver.bodies.values() for body in bodies}) == last
    assert receiver.attempts > last, "the receiver was not flaky: nothing was sent twice"
    assert len(list(tmp_path.glob("*.segment"))) <= 2
