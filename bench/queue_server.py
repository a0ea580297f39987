"""A server whose capacity is known: HTTP in front of a queue with `--workers` servers and set service times.

Service is a reservation of time, not work: it does not depend on how busy this machine is. GET /stats gives the
latencies that it saw itself, POST /reset forgets them; everything else is a request. Its first line is its port.

    python bench/queue_server.py --workers 1 --mean-ms 0.5 --distribution exponential
"""

import argparse
import asyncio
import heapq
import json
import math
import random
import time

import httptools
import uvloop

from trimtab.inference.load.histogram import Histogram
from trimtab.inference.load.timer import Timer


class Queue:
    """Requests that wait, and when each leaves."""

    def __init__(self, workers: int, mean_s: float, distribution: str, limit: int, warm_s: float) -> None:
        self.free = [0.0] * workers
        self.mean_s, self.distribution, self.limit, self.warm_s = mean_s, distribution, limit, warm_s
        self.draw = random.Random(7)
        self.due: list[tuple[float, int, object, float]] = []
        self.number = 0
        self.seen = Histogram()
        self.begun = time.monotonic()
        self.timer = Timer(self.ring)

    def service_s(self, now: float) -> float:
        """How long the next request is served."""
        slow = 1 + 3 * math.exp(-(now - self.begun) / self.warm_s) if self.warm_s else 1.0
        if self.distribution == "exponential":
            return self.draw.expovariate(1 / self.mean_s) * slow
        if self.distribution == "lognormal":
            return self.draw.lognormvariate(math.log(self.mean_s) - 0.125, 0.5) * slow
        return self.mean_s * slow

    def arrive(self, connection: "Connection") -> None:
        """A request has come."""
        now = time.monotonic()
        if self.limit and len(self.due) >= self.limit:
            connection.answer(503, b"full")
            return
        start = max(now, heapq.heappop(self.free))
        leave = start + self.service_s(now)
        heapq.heappush(self.free, leave)
        self.number += 1
        heapq.heappush(self.due, (leave, self.number, connection, now))
        if self.due[0][1] == self.number:
            self.timer.at(leave)

    def ring(self) -> None:
        """Answer those that are due."""
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, _, connection, came = heapq.heappop(self.due)
            self.seen.record(int((now - came) * 1e6))
            connection.answer(200, b'{"ok":true}')
        if self.due:
            self.timer.at(self.due[0][0])


class Connection(asyncio.Protocol):
    """One connection, and its requests in turn."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.transport = None
        self.parser = httptools.HttpRequestParser(self)
        self.url = b""

    def connection_made(self, transport) -> None:
        """It is open."""
        self.transport = transport

    def on_url(self, url: bytes) -> None:
        """A part of the path."""
        self.url += url

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """A request is whole."""
        url, self.url = self.url, b""
        if url == b"/stats":
            body = {"pairs": self.queue.seen.pairs(), "cpu_s": time.process_time()}
            self.answer(200, json.dumps(body).encode())
        elif url == b"/reset":
            self.queue.seen = Histogram()
            self.answer(200, b"{}")
        else:
            self.queue.arrive(self)

    def answer(self, status: int, body: bytes) -> None:
        """Answer it."""
        if not self.transport.is_closing():
            head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.transport.write(head.encode() + body)


async def serve(options: argparse.Namespace) -> None:
    mean_s = options.mean_ms / 1000
    queue = Queue(options.workers, mean_s, options.distribution, options.limit, options.warm_s)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(queue), "127.0.0.1", options.port, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--mean-ms", type=float, default=0.5)
    parser.add_argument("--distribution", choices=("exponential", "constant", "lognormal"), default="exponential")
    parser.add_argument("--limit", type=int, default=0, help="answer 503 when so many wait")
    parser.add_argument(
        "--warm-s", type=float, default=0.0, help="time constant of a warm-up that begins 4 times as slow"
    )
    uvloop.run(serve(parser.parse_args()))
