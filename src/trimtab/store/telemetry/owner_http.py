"""ClickHouse's HTTP interface over the embedded engine, as far as clickhouse-connect uses it.

One thread a connection, which proves itself before anything of its body is read; bodies are read in parts, and what
is inserted goes part by part to where the engine reads it. Every in-flight query has an engine handle of its own: a
shared handle would serialise.
Inserts reach the engine through a memory file, since its `send_insert` swallows errors of the sink.
Source: ClickHouse documentation, "HTTP interface".
"""

import base64
import contextlib
import hmac
import os
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

DATABASE = "trimtab"
_TRANSPORT = frozenset(
    {
        "database",
        "query",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "quota_key",
        "compress",
        "decompress",
        "role",
        "user",
        "password",
        "wait_end_of_query",
        "client_protocol_version",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "enable_http_compression",
        "buffer_size",
        "add_http_cors_header",
        "default_format",
    }
)
_SETTING_NAME = re.compile(r"[A-Za-z_]\w*")
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s[^\n]+?)\s+FORMAT\s+(\w+)[ ]*\n?", re.IGNORECASE)
_OWN_SETTINGS = re.compile(r"\bSETTINGS (?:\w+ = (?:'[^']*'|[\w.]+)(?:, )?)+$")
_SETTING_NAMES = re.compile(r"(\w+) = ")
_INPUT = re.compile(r"\binput\(('(?:[^'\\]|\\.)*')\)", re.IGNORECASE)
_FORMAT = re.compile(r"\sFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_ERROR_CODE = re.compile(r"Code: (\d+)")
_SYNTAX = 62
_PART = 1 << 20
"""Bytes of a body that are read at a time."""
_HEAD = 1 << 16
"""Bytes at the beginning of a body in which an INSERT has its statement."""
_MOST_SQL = 64 << 20
"""Bytes of a body that is a statement or a form: long parameters are lists of ids."""
_MOST_ROWS = 4 << 30
"""Bytes of an insert. The largest blocks that are sent are a hundredth of it."""
_PATIENCE_S, _MOST_THROWN = 1.0, 1 << 20
"""How long, and how many bytes, a caller who was refused may go on sending, so that it reads why."""
_MAX_IDLE_HANDLES = 16
_COPY_BELOW = 1 << 16  # bytes; above, a second send costs less than copying the answer behind its head


Buffer = bytes | memoryview


class Connection(Protocol):
    """What is used of `chdb.Connection`."""

    def query(self, query: str, format: str = ..., params: Mapping[str, str] | None = ...) -> Any:
        """Run one statement; raises on an engine error."""

    def close(self) -> None:
        """Give the handle back to the engine."""


class Handles:
    """A pool of engine handles; each remembers the settings it was given, so that equal ones cost nothing."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: list[tuple[dict[str, str], Connection]] = []  # settings in force, handle
        self._lock = threading.Lock()
        self._closed = False

    def take(self, settings: dict[str, str]) -> Connection:
        """A handle with exactly `settings` in force."""
        with self._lock:
            idle = self._pick(settings)
        have, handle = idle or self._open()
        try:
            _change_settings(handle, have, settings)
        except RuntimeError:
            handle.close()
            raise
        return handle

    def _open(self) -> tuple[dict[str, str], Connection]:
        handle = self._connect()
        handle.query(f"USE {DATABASE}")
        return {}, handle

    def _pick(self, settings: dict[str, str]) -> tuple[dict[str, str], Connection] | None:
        """The idle handle that fits best. A read-only one can never be changed again, so it must fit exactly."""
        for index, (have, _) in enumerate(self._idle):
            if have == settings:
                return self._idle.pop(index)
        for index, (have, _) in enumerate(self._idle):
            if "readonly" not in have:
                return self._idle.pop(index)
        return None

    @contextlib.contextmanager
    def lent(self, settings: dict[str, str]) -> Iterator[Connection]:
        """A handle with exactly `settings` in force, for one statement.

        One that failed is closed: what it left half done would be the beginning of the next answer.
        """
        handle = self.take(settings)
        try:
            yield handle
        except BaseException:
            handle.close()
            raise
        self.give(handle, settings)

    def give(self, handle: Connection, settings: dict[str, str]) -> None:
        """Put a healthy handle back."""
        with self._lock:
            surplus: Connection | None = None
            if self._closed:
                surplus = handle
            else:
                self._idle.append((settings, handle))
                if len(self._idle) > _MAX_IDLE_HANDLES:
                    surplus = self._idle.pop(0)[1]
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        """Close the idle handles; those in use close as they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, handle in idle:
            handle.close()


def _change_settings(handle: Connection, have: Mapping[str, str], want: Mapping[str, str]) -> None:
    for name in have.keys() - want.keys():
        handle.query(f"SET {name} = DEFAULT")
    for name, value in sorted(want.items(), key=lambda item: item[0] == "readonly"):  # nothing can change after it
        if have.get(name) != value:
            handle.query(f"SET {name} = {_quoted(value)}")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class EngineServer(ThreadingHTTPServer):
    """The engine owner's loopback listener."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handles: Handles, password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.handles = handles
        self.authorization = b"Basic " + base64.b64encode(f"trimtab:{password}".encode())
        self.in_flight = 0
        self.quiet = threading.Condition()

    def wait_quiet(self, timeout_s: float) -> bool:
        """Wait until no query is in flight: exiting during one crashes the engine."""
        with self.quiet:
            return self.quiet.wait_for(lambda: self.in_flight == 0, timeout_s)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: EngineServer
    whole = True
    """Whether the body of the request was read to its end, so that another may follow it."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n", "TabSeparated")
        else:
            self._run(iter(()))

    def do_POST(self) -> None:
        self.whole = False
        self._run(self._parts())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the caller reports its own errors."""

    def _parts(self) -> Iterator[bytes]:
        """The body, at most _PART bytes at a time. Raises ValueError where it is cut short or no body at all."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield from self._exactly(int(self.headers.get("Content-Length", 0)))
            self.whole = True
            return
        while size := int(self.rfile.readline(_HEAD).split(b";")[0], 16):
            yield from self._exactly(size)
            self.rfile.readline(_HEAD)
        self.rfile.readline(_HEAD)
        self.whole = True

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size > 0:
            part = self.rfile.read(min(size, _PART))
            if not part:
                raise ValueError("Code: 33. DB::Exception: the body is cut short")
            size -= len(part)
            yield part

    def _run(self, parts: Iterator[bytes]) -> None:
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), self.server.authorization):
            self._answer(401, b"Code: 516. DB::Exception: wrong engine password", "", code=516)
            return
        with self.server.quiet:
            self.server.in_flight += 1
        try:
            arguments = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            kind = self.headers.get("Content-Type", "")
            if kind.startswith("multipart/form-data"):
                arguments.update(_form_fields(kind, b"".join(_bounded(parts, _MOST_SQL))))
            payload, format_ = self._execute(arguments, parts)
        except (RuntimeError, ValueError) as problem:  # chdb.ChdbError is a RuntimeError
            text = str(problem)
            found = _ERROR_CODE.search(text)
            self._answer(500, text.encode(), "", code=int(found[1]) if found else _SYNTAX)
        else:
            self._answer(200, payload, format_)
        finally:
            with self.server.quiet:
                self.server.in_flight -= 1
                self.server.quiet.notify_all()

    def _hang_up(self) -> None:
        """Close the connection, when the caller had a moment to read the answer: unread bytes would reset it."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_PATIENCE_S)
            thrown = 0
            while thrown < _MOST_THROWN and (part := self.connection.recv(_HEAD)):
                thrown += len(part)

    def _execute(self, arguments: dict[str, str], parts: Iterator[bytes]) -> tuple[bytes, str]:
        query = arguments.get("query", "")
        if insert := _INSERT.fullmatch(query.encode()):
            return self._insert(insert, arguments, parts), ""
        head = b""
        while len(head) < _HEAD and (part := next(parts, b"")):
            head += part
        if not query and (insert := _INSERT.match(head)):  # clickhouse-connect puts the statement before the rows
            return self._insert(insert, arguments, chain((memoryview(head)[insert.end() :],), parts)), ""
        body = b"".join(_bounded(chain((head,), parts), _MOST_SQL))
        sql = query + ("\n" if query and body else "") + body.decode()
        params = {name[6:]: value for name, value in arguments.items() if name.startswith("param_")}
        format_ = "TabSeparated"
        if trailing := _FORMAT.search(sql):
            format_, sql = trailing[1], sql[: trailing.start()]
        with self.server.handles.lent(_settings(arguments)) as handle:
            return handle.query(sql, format_, params=params).bytes() or b"", format_

    def _insert(self, insert: re.Match[bytes], arguments: dict[str, str], rows: Iterable[Buffer]) -> bytes:
        if arguments.get("readonly", "0") != "0":
            raise ValueError("Code: 164. DB::Exception: cannot insert in readonly mode")
        statement, format_ = insert[1].decode(), insert[2].decode()
        own = _OWN_SETTINGS.search(statement)  # they count before those of the request
        named = set(_SETTING_NAMES.findall(own[0])) if own else set()
        asked = {name: value for name, value in _settings(arguments).items() if name not in named}
        settings = ", ".join(f"{name} = {_quoted(value)}" for name, value in asked.items())
        memory = os.memfd_create("insert")
        try:
            with os.fdopen(os.dup(memory), "wb") as file:
                file.writelines(_bounded(rows, _MOST_ROWS))
            clause = f"{',' if own else ' SETTINGS'} {settings}" if settings else ""
            file_ = f"/proc/self/fd/{memory}"
            with self.server.handles.lent({}) as handle:
                if source := _INPUT.search(statement):  # INSERT … SELECT … FROM input('structure')
                    before, after = statement[: source.start()], statement[source.end() :]
                    handle.query(f"{before}file('{file_}', '{format_}', {source[1]}){after}{clause}")
                else:
                    handle.query(f"{statement} FROM INFILE '{file_}'{clause} FORMAT {format_}")
        finally:
            os.close(memory)
        return b""

    def _answer(self, status: int, payload: bytes, format_: str, code: int = 0) -> None:
        head = [
            f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}",
            f"Content-Length: {len(payload)}",
            "Content-Type: application/octet-stream",
            "X-ClickHouse-Timezone: UTC",
            "X-ClickHouse-Summary: {}",
        ]
        if format_:
            head.append(f"X-ClickHouse-Format: {format_}")
        if code:
            head.append(f"X-ClickHouse-Exception-Code: {code}")
        if not self.whole:  # nobody reads the rest of the body: the next request could not be told from it
            head.append("Connection: close")
        # One packet with TCP_NODELAY where it fits: two would wait 40 ms for the peer's delayed acknowledgement.
        start = "\r\n".join(head).encode() + b"\r\n\r\n"
        if len(payload) < _COPY_BELOW:
            self.connection.sendall(start + payload)
        else:
            self.connection.sendall(start)
            self.connection.sendall(payload)
        if not self.whole:
            self._hang_up()


def _bounded(parts: Iterable[Buffer], most: int) -> Iterator[Buffer]:
    """The parts, as long as they are at most `most` bytes. Raises ValueError."""
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise ValueError(f"Code: 307. DB::Exception: the body is larger than {most} bytes")
        yield part


def _form_fields(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a form, in which clickhouse-connect sends parameters that are too long for a URL."""
    form = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields = {}
    for part in form.walk():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            fields[name] = value.decode()
    return fields


def _settings(arguments: Mapping[str, str]) -> dict[str, str]:
    settings = {
        name: value for name, value in arguments.items() if name not in _TRANSPORT and not name.startswith("param_")
    }
    for name in settings:
        if not _SETTING_NAME.fullmatch(name):
            raise ValueError(f"Code: 115. DB::Exception: setting name {name!r} is not an identifier")
    return settings
