"""A stand-in of an API server: lists with pages and versions, watches with bookmarks, and 410 for what it forgot.

Behaves as "Kubernetes API Concepts" documents lists and watches; on a loopback port, over real HTTP.
"""

import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

TOKEN = "sesame"


@dataclass
class ApiServer:
    """Objects by path and name, and every change with its version. `oldest`: versions before it are forgotten."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"pods": {}, "nodes": {}})
    events: list[tuple[int, str, str, dict[str, Any]]] = field(default_factory=list)
    version: int = 100
    oldest: int = 0
    asked: list[str] = field(default_factory=list)
    waiting: "list[queue.Queue[tuple[int, str, str, dict[str, Any]] | None]]" = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0

    def apply(self, kind: str, name: str, body: dict[str, Any]) -> None:
        """Add or change an object."""
        with self.lock:
            known = name in self.objects[kind]
            self._happens(kind, name, body, "MODIFIED" if known else "ADDED")

    def delete(self, kind: str, name: str) -> None:
        """Delete an object."""
        with self.lock:
            self._happens(kind, name, dict(self.objects[kind][name]), "DELETED")
            del self.objects[kind][name]

    def forget(self) -> None:
        """No longer know the changes until now, and end the watches."""
        with self.lock:
            self.oldest = self.version + 1
            self.events.clear()
            for one in self.waiting:
                one.put(None)

    def _happens(self, kind: str, name: str, body: dict[str, Any], type_: str) -> None:
        self.version += 1
        body = {**body, "metadata": {**body.get("metadata", {}), "name": name.rpartition("/")[2]}}
        body["metadata"]["resourceVersion"] = str(self.version)
        if type_ != "DELETED":
            self.objects[kind][name] = body
        event = (self.version, kind, type_, body)
        self.events.append(event)
        for one in self.waiting:
            one.put(event)


class _Handler(BaseHTTPRequestHandler):
    api: ApiServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.api.asked.append(self.path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(403, {"kind": "Status", "code": 403, "message": 'pods is forbidden: User "x" cannot list'})
        elif asked.get("watch"):
            self._watch(url.path.rpartition("/")[2], asked)
        else:
            self._list(url.path.rpartition("/")[2], asked)

    def _list(self, kind: str, asked: dict[str, str]) -> None:
        with self.api.lock:
            items = [self.api.objects[kind][name] for name in sorted(self.api.objects[kind])]
            start, size = int(asked.get("continue", "0")), 2  # pages of two, whatever is asked for: the server may
            meta = {"resourceVersion": str(self.api.version)}
            if start + size < len(items):
                meta["continue"] = str(start + size)
        self._answer(200, {"kind": "List", "metadata": meta, "items": items[start : start + size]})

    def _watch(self, kind: str, asked: dict[str, str]) -> None:
        since = int(asked["resourceVersion"] or 0)
        mine: queue.Queue[Any] = queue.Queue()
        with self.api.lock:
            known = since + 1 >= self.api.oldest
            past = [event for event in self.api.events if event[0] > since]
            self.api.waiting.append(mine)
            version = self.api.version  # a bookmark of a later one would promise changes that are still to be sent
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if not known:
            status = {"kind": "Status", "code": 410, "message": f"too old resource version: {since}"}
            self._write({"type": "ERROR", "object": status})
            return
        for event in past:
            self._send(event, kind)
        self._write({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}})
        try:
            while (event := mine.get(timeout=min(float(asked["timeoutSeconds"]), 30))) is not None:
                self._send(event, kind)
        except queue.Empty:
            return

    def _send(self, event: tuple[int, str, str, dict[str, Any]], kind: str) -> None:
        if event[1] == kind:
            self._write({"type": event[2], "object": event[3]})

    def _write(self, body: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(body).encode() + b"\n")
        self.wfile.flush()

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    """The stand-in, empty, on a free port."""
    api = ApiServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    server.daemon_threads = True
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield api
    with api.lock:
        for one in api.waiting:
            one.put(None)
    server.shutdown()
    server.server_close()
    thread.join(5)
