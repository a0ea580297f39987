"""Probes: is a service reachable from here? HTTP(S), TLS and TCP targets from a TOML file, looked at from this host.

    [[probe]]
    url = "https://api.example.com/healthz"   # or tcp://db:5432, tls://mail:993
    labels = { service = "chat", team = "serving" }
    interval_s = 30        # default 30
    timeout_s = 5          # default 5: connect, send and read together
    status = [200, 204]    # default: 200 to 399, after redirects
    contains = "ok"        # text that the first 64 KiB of the body must have; default none
    headers = { Authorization = "Bearer …" }
    ca_file = "/etc/ssl/own-ca.pem"           # default: the system's

A look never waits: it starts the probes that are due in threads and tells of those that have ended since the look
before. One thread a target at most, so a resolver that hangs costs one thread, and is told as a failure meanwhile.
"""

import logging
import socket
import ssl
import tomllib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from trimtab.agent.reading import Attributes, Reading
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import SetupError

_log = logging.getLogger(__name__)
MOST_TARGETS = 200
"""Targets of one agent: each may hold a thread for as long as its timeout."""
_BODY = 64 * 1024
_GRACE_S = 1.0  # beyond its timeout, before a probe that has not ended is told as failed
_REDIRECTS = 5
_SCHEMES = ("http", "https", "tcp", "tls")


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to probe, how often, and what counts as success."""

    url: str
    labels: dict[str, str] = {}
    interval_s: float = 30.0
    timeout_s: float = 5.0
    status: list[int] = []
    contains: str = ""
    headers: dict[str, str] = {}
    ca_file: str = ""

    @property
    def attributes(self) -> Attributes:
        """What its readings carry."""
        return (("probe.target", self.url), *sorted(self.labels.items()))


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    probe: list[Target] = []


class Result(Struct, frozen=True):
    """What a probe found. `seconds` is how long it took; `expires_s` is when the certificate ends (epoch seconds)."""

    ok: bool
    seconds: float
    reason: str = ""
    expires_s: float | None = None


def load(file: Path) -> list[Target]:
    """The targets of a file. Raises SetupError that names what is wrong."""
    try:
        found = typed.convert(tomllib.loads(file.read_text("utf-8")), _File).probe
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as problem:
        raise SetupError(f"cannot read probes from {file}: {problem}; expected [[probe]] tables with a url") from None
    if len(found) > MOST_TARGETS:
        raise SetupError(f"cannot probe {len(found)} targets of {file}: expected at most {MOST_TARGETS}")
    for target in found:
        _check(file, target)
    return found


def _check(file: Path, target: Target) -> None:
    parts = urlsplit(target.url)
    wrong = ""
    if parts.scheme not in _SCHEMES or not parts.hostname:
        wrong = f"expected a URL of {', '.join(_SCHEMES)}"
    elif parts.username or parts.password:
        wrong = "a URL with a password would be shown to all who see the metrics; put it into headers"
    elif parts.scheme in ("tcp", "tls") and parts.port is None:
        wrong = "expected a port"
    elif not 0 < target.timeout_s <= target.interval_s:
        wrong = f"got timeout_s {target.timeout_s:g} and interval_s {target.interval_s:g}; expected the first above 0 "
        wrong += "and not above the second"
    if wrong:
        shown = target.url.replace(f"{parts.username}:{parts.password}@", "…@")
        raise SetupError(f"cannot probe {shown!r} of {file}: {wrong}")


class _Watch(Struct):
    """One target under way. `told` is whether the probe in flight was told as failed already."""

    target: Target
    due_s: float = 0.0
    started_s: float = 0.0
    flight: "Future[Result] | None" = None
    told: bool = False
    last: Result | None = None


class Probes:
    """The probes of one agent: `readings` is called at every look."""

    def __init__(self, targets: list[Target], clock: Clock) -> None:
        self._clock = clock
        self._watches = [_Watch(target) for target in targets]
        self._pool = ThreadPoolExecutor(max(1, len(targets)), thread_name_prefix="probe")

    def readings(self) -> list[Reading]:
        """Readings of the probes that have ended since the last call; starts those that are due. Never waits."""
        now = self._clock.monotonic()
        found: list[Reading] = []
        for watch in self._watches:
            result = self._ended(watch, now)
            if result is not None:
                found += self._tell(watch, result)
            if watch.flight is None and now >= watch.due_s:
                watch.due_s, watch.started_s, watch.told = now + watch.target.interval_s, now, False
                watch.flight = self._pool.submit(probe, watch.target, self._clock)
        return found

    def close(self) -> None:
        """Start no more; what is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ended(self, watch: _Watch, now: float) -> Result | None:
        if watch.flight is None:
            return None
        if watch.flight.done():
            result, told = watch.flight.result(), watch.told
            watch.flight = None
            return None if told else result
        late = now - watch.started_s > watch.target.timeout_s + _GRACE_S
        if late and (not watch.told or now >= watch.due_s):
            watch.told = True
            if now >= watch.due_s:
                watch.due_s = now + watch.target.interval_s  # told once an interval, as long as it hangs
            return Result(ok=False, seconds=watch.target.timeout_s, reason="no end within its timeout")
        return None

    def _tell(self, watch: _Watch, result: Result) -> list[Reading]:
        about = watch.target.attributes
        if watch.last is None or watch.last.ok != result.ok:
            level = logging.INFO if result.ok else logging.WARNING
            _log.log(level, "probe of %s: %s", watch.target.url, "ok" if result.ok else result.reason)
        watch.last = result
        found = [
            Reading("probe.success", "1", int(result.ok), about),
            Reading("probe.duration", "s", result.seconds, about),
        ]
        if result.expires_s is not None:
            found.append(Reading("probe.tls_expiry", "s", result.expires_s - self._clock.now_ms() / 1000, about))
        return found


def probe(target: Target, clock: Clock) -> Result:
    """Probe one target now; a failure is a result with its reason, never an error."""
    began = clock.monotonic()
    try:
        if urlsplit(target.url).scheme in ("http", "https"):
            reason, expires = _http(target, clock, began + target.timeout_s)
        else:
            reason, expires = "", _connect(target)
    except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        # ValueError: a host name that no encoding has
        return Result(ok=False, seconds=clock.monotonic() - began, reason=f"{type(problem).__name__}: {problem}")
    seconds = clock.monotonic() - began
    if seconds > target.timeout_s:  # the libraries' timeouts are of each step, not of them together
        reason = reason or "took longer than its timeout"
    return Result(not reason, seconds, reason, expires)


def _http(target: Target, clock: Clock, deadline: float) -> tuple[str, float | None]:
    """Why it failed ("" where it did not), and when the certificate ends."""
    options: Mapping[str, object] = {"headers": {"User-Agent": "trimtab-agent", **target.headers}}
    client = httpx.Client(
        verify=_context(target),
        timeout=target.timeout_s,
        follow_redirects=True,
        max_redirects=_REDIRECTS,
        trust_env=False,  # a proxy's answer is not the target's
    )
    with client, client.stream("GET", target.url, **options) as response:  # type: ignore[arg-type]  # headers alone
        expires = _expires(response.extensions["network_stream"].get_extra_info("ssl_object"))
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if clock.monotonic() > deadline:
                return "no end of the body within its timeout", expires
            if len(body) >= _BODY:
                break
    if response.status_code not in (target.status or range(200, 400)):
        return f"status {response.status_code}", expires
    if target.contains and target.contains.encode() not in body:
        return f"the body does not contain {target.contains!r}", expires
    return "", expires


def _connect(target: Target) -> float | None:
    """Connect (and shake hands where it is TLS). Raises OSError."""
    parts = urlsplit(target.url)
    address = (parts.hostname or "", parts.port or 0)
    with socket.create_connection(address, timeout=target.timeout_s) as raw:  # noqa: TID251 - the agent is the user's own
        if parts.scheme == "tcp":
            return None
        with _context(target).wrap_socket(raw, server_hostname=parts.hostname) as secured:
            return _expires(secured)


def _context(target: Target) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=target.ca_file or None)


def _expires(secured: ssl.SSLSocket | ssl.SSLObject | None) -> float | None:
    """When the certificate that was shown ends, in epoch seconds."""
    shown = secured.getpeercert() if secured is not None else None
    ends = shown.get("notAfter") if shown else None
    return float(ssl.cert_time_to_seconds(ends)) if isinstance(ends, str) else None
