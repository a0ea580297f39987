"""A small model server for `bench_live_scaling.py`: one request at a time, each for as long as it asks in seconds."""

import argparse
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers."""

    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:  # noqa: D102 - the name says it
        self._answer(b"ok")

    def do_POST(self) -> None:  # noqa: D102 - the name says it
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(float(asked or b"0"))
        self._answer(b"done")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # noqa: D102 - it says nothing
        return


class Server(HTTPServer):
    """With room for a burst."""

    request_queue_size = 128


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--load-s", type=float, default=1.0)
    options = parser.parse_args()
    time.sleep(options.load_s)  # a model is loaded
    Server(("127.0.0.1", options.port), Handler).serve_forever()
