"""The model of a job: a URL that is posted to, or a function that is imported. Each thread has its own."""

import http.client
import importlib
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec import Struct

from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.batch.model import Spec

_SHOWN = 200  # characters of an error's body


class Refused(TrimtabError):
    """The model refuses these records: asking again gives the same (4xx, or an exception of the function)."""


class Failed(TrimtabError):
    """The model did not answer, or said that it is its own fault (5xx, 429): it is asked again."""


Predict = Callable[[bytes], bytes]


def open_model(spec: Spec) -> Predict:
    """The model. Raises InvalidInput for one that cannot be loaded."""
    return _Url(spec) if spec.is_url else _function(spec.model)


def _function(name: str) -> Predict:
    module, colon, attribute = name.partition(":")
    if not colon:
        raise InvalidInput(f"cannot use model {name!r}: expected a URL, or module:function")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as problem:
        raise InvalidInput(f"cannot load model {name!r}: {problem}") from None

    def predict(body: bytes) -> bytes:
        try:
            answer = found(body)
        except Exception as problem:  # whatever a user's model raises is its answer to these records
            raise Refused(f"{type(problem).__name__}: {problem}"[:_SHOWN]) from problem
        if not isinstance(answer, bytes):
            raise Refused(f"the model gave {type(answer).__name__}, expected bytes")
        return answer

    return predict


class _Connection(http.client.HTTPConnection):  # noqa: TID251 - of the command line, to the address it was given
    """To the job's address where it has one; TLS is verified for the name."""

    def __init__(self, host: str, port: int | None, tls: bool, spec: Spec) -> None:
        super().__init__(host, port or (443 if tls else 80), timeout=spec.timeout_s)
        self._tls = ssl.create_default_context() if tls else None
        self._address = spec.address or host

    def connect(self) -> None:
        """Connect."""
        plain = socket.create_connection((self._address, self.port), self.timeout)  # noqa: TID251 - as above
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain


class _Url(Struct):
    spec: Spec
    connection: _Connection | None = None

    def __call__(self, body: bytes) -> bytes:
        parts = urlsplit(self.spec.model)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": self.spec.content_type, **dict(self.spec.headers)}
        if self.spec.accept:
            headers["Accept"] = self.spec.accept
        try:
            if self.connection is None:
                self.connection = self._connect()
            self.connection.request("POST", path, body, headers)
            answer = self.connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            self._drop()
            raise Failed(f"cannot reach {parts.netloc}: {str(problem) or type(problem).__name__}") from None
        if answer.will_close:
            self._drop()
        if answer.status >= 500 or answer.status == 429:
            raise Failed(f"HTTP {answer.status}: {_text(said)}")
        if not 200 <= answer.status < 300:
            raise Refused(f"HTTP {answer.status}: {_text(said)}")
        return said

    def __del__(self) -> None:
        self._drop()  # it ends with the thread that it is of

    def _connect(self) -> _Connection:
        parts = urlsplit(self.spec.model)
        return _Connection(parts.hostname or "", parts.port, parts.scheme == "https", self.spec)

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def _text(body: bytes) -> str:
    return " ".join(body.decode("utf-8", "replace").split())[:_SHOWN]
