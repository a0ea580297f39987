"""A receiver that is away in real time: `python bench/bench_notify_outage.py [--minutes 10] [--kills 2]`.

A trimtab of its own publishes a message every two seconds to a topic with a webhook whose receiver answers 503 for
`--minutes`, then takes everything; meanwhile the jobs process is killed (kill -9) now and then. The last line is JSON:
how many were published, taken, taken more than once, and how long after the outage the last one arrived.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from live_server import LiveServer

EVERY_S = 2.0
LATEST_S = 180.0  # the longest delay between two tries is 120 s; a killed process leaves its lock for 30 s


class Receiver:
    """Answers 503 until it is told to take."""

    def __init__(self) -> None:
        self.takes = False
        self.refused = 0
        self.taken: list[tuple[float, str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.takes:
                    event = json.loads(body)["event_id"]
                    receiver.taken.append((time.monotonic(), self.headers["X-Trimtab-Delivery"], event))
                else:
                    receiver.refused += 1
                self.send_response(200 if receiver.takes else 503)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def kill_jobs(live: LiveServer) -> None:
    assert live.process is not None
    for child in psutil.Process(live.process.pid).children(recursive=True):
        if "trimtab.worker" in child.cmdline():
            child.kill()


def measure(minutes: float, kills: int, folder: Path) -> dict[str, Any]:
    receiver = Receiver()
    live = LiveServer(folder).start()
    try:
        channel = {"name": "hook", "kind": "webhook", "endpoint": receiver.url, "topics": ["ops"]}
        httpx.post(f"{live.url}/rest/v1/channels", json=channel).raise_for_status()
        sns = boto3.client(
            "sns", endpoint_url=live.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        arn = sns.create_topic(Name="ops")["TopicArn"]
        published = []
        steps = round(minutes * 60 / EVERY_S)
        for step in range(steps):
            published.append(sns.publish(TopicArn=arn, Message=f"message {step}")["MessageId"])
            if kills and step % max(1, steps // (kills + 1)) == steps // (kills + 1) - 1:
                kill_jobs(live)
            time.sleep(EVERY_S)
        receiver.takes = True
        back = time.monotonic()
        while {event for _, _, event in receiver.taken} < set(published) and time.monotonic() - back < LATEST_S:
            time.sleep(0.2)
    finally:
        live.stop()
    times = Counter(event for _, _, event in receiver.taken)
    return {
        "minutes_away": minutes,
        "published": len(published),
        "refused": receiver.refused,
        "lost": len(set(published) - set(times)),
        "taken_once": sum(count == 1 for count in times.values()),
        "taken_more_often": sum(count > 1 for count in times.values()),
        "ids_equal_events": len({id_ for _, id_, _ in receiver.taken}) == len(times),
        "last_arrived_s": round(max((at for at, _, _ in receiver.taken), default=back) - back, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(options.minutes, options.kills, Path(folder))))


if __name__ == "__main__":
    main()
