"""One GET of a target's page over a kept connection."""

import base64
import gzip
import http.client
import ssl
import zlib
from pathlib import Path

from msgspec import Struct

from trimtab.agent.scrape.config import Target

_Plain = http.client.HTTPConnection  # noqa: TID251 - the agent is a program of the user's own
_Secure = http.client.HTTPSConnection  # noqa: TID251 - as above

ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9,*/*;q=0.1"
"""The plain format first: every exporter writes it, and OpenMetrics adds only exemplars, which are not kept."""
BODY_LIMIT = 64 << 20
"""Bytes of a page. A large kube-state-metrics has some 20 MB."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class ScrapeFailed(RuntimeError):
    """The page could not be fetched; the message says why."""


class Fetched(Struct, frozen=True):
    """A page, and whether it is OpenMetrics."""

    text: str
    openmetrics: bool


class Fetcher:
    """Fetches one target. Not thread-safe."""

    def __init__(self, target: Target, version: str) -> None:
        self._target = target
        self._connection: _Plain | None = None
        self._headers = {
            "Accept": ACCEPT,
            "User-Agent": f"trimtab-agent/{version}",
            "X-Prometheus-Scrape-Timeout-Seconds": f"{target.timeout_s:g}",
        }
        if target.address.rpartition(":")[0] not in _LOOPBACK:
            self._headers["Accept-Encoding"] = "gzip"  # across the machine itself it would only cost time

    def fetch(self) -> Fetched:
        """The page now. Raises ScrapeFailed."""
        reused = self._connection is not None
        try:
            return self._attempt()
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            if not reused or isinstance(problem, TimeoutError):
                raise ScrapeFailed(str(problem) or type(problem).__name__) from None
        try:  # the target closed the kept connection in the meantime
            return self._attempt()
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise ScrapeFailed(str(problem) or type(problem).__name__) from None

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _attempt(self) -> Fetched:
        connection = self._connection = self._connection or self._connect()
        connection.request("GET", self._target.path, headers={**self._headers, **self._authorization()})
        answer = connection.getresponse()
        body = answer.read(BODY_LIMIT + 1)
        if answer.will_close or not answer.isclosed():
            self.close()
        if answer.status != 200:
            raise ScrapeFailed(f"HTTP {answer.status} {answer.reason}")
        if answer.headers.get("Content-Encoding", "").lower() == "gzip":
            body = _gunzip(body)
        if len(body) > BODY_LIMIT:
            raise ScrapeFailed(f"the page has more than {BODY_LIMIT} bytes")
        media = answer.headers.get("Content-Type", "")
        try:
            return Fetched(body.decode("utf-8"), media.startswith("application/openmetrics-text"))
        except UnicodeDecodeError as problem:
            raise ScrapeFailed(f"the page is not UTF-8: {problem}") from None

    def _connect(self) -> _Plain:
        target = self._target
        if target.scheme == "http":
            return _Plain(target.address, timeout=target.timeout_s)
        authority, certificate, key, unverified = target.tls
        context = ssl.create_default_context(cafile=authority or None)
        if unverified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(certificate, key or None)
        return _Secure(target.address, timeout=target.timeout_s, context=context)

    def _authorization(self) -> dict[str, str]:
        """The header of this moment: files are read each time, because tokens are rotated."""
        target = self._target
        if target.basic is not None:
            user, password, file = target.basic
            pair = f"{user}:{_secret(password, file)}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        if target.authorization is not None:
            scheme, credentials, file = target.authorization
            return {"Authorization": f"{scheme} {_secret(credentials, file)}"}
        return {}


def _secret(text: str, file: str) -> str:
    return Path(file).read_text(encoding="utf-8").strip() if file else text


def _gunzip(body: bytes) -> bytes:
    try:
        opener = zlib.decompressobj(wbits=31)
        return opener.decompress(body, BODY_LIMIT + 1)
    except (zlib.error, gzip.BadGzipFile) as problem:
        raise ScrapeFailed(f"the page is not gzip, as its header says: {problem}") from None
