"""The guard of everything but the AWS gateway: where a request comes from, who sends it, what that one may do.

Three questions, in this order, each answered with a `Refusal` or nothing:

1. *Source*: is the Host name ours, and, for a change, is the Origin ours? It stops web pages of others from driving
   a trimtab that listens on loopback (DNS rebinding, cross-site requests). AWS requests are asked this one too.
2. *Caller*: where a credential is needed, is there one that verifies?
3. *Role*: does the caller's role include what the route needs (`roles`), and is it for callers bound to tags?
"""

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Protocol
from urllib.parse import quote, urlsplit

from msgspec import Struct
from starlette.types import Scope

from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role, unbound_only
from trimtab.access.refusals import Refused
from trimtab.base.loopback import is_loopback
from trimtab.doors.roles import SAFE_METHODS, Roles
from trimtab.settings import OFF, Settings

SESSION_COOKIE = "trimtab_session"
LOGIN_PATH = "/login"
FINANCE_HOME = "/home/money"
"""Where a browser with the role finance begins: the overview is of telemetry."""
OPEN_PATHS = frozenset(
    {
        "/healthz",
        "/readyz",
        LOGIN_PATH,
        "/login/oidc",
        "/login/oidc/callback",
        "/logout",
        "/favicon.ico",
        "/notify/confirm",
    }
)
"""Answered without a credential: probes, signing in, and the link that has its secret in itself."""
OPEN_PREFIXES = ("/static/", "/shared/", "/asked/by/")
"""Assets of the pages, which hold nothing of the user's and which the sign-in page needs; links that share one
dashboard, and those by which owners answer: their own tokens are checked behind this door."""


def is_open(path: str) -> bool:
    """Whether anybody may have a path."""
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)


DEFAULT_MAX_BODY = 64 * 1024 * 1024
"""Bytes a request may carry as sent. The largest a door documents is OTLP's 5 MB; Prometheus and SDKs behind a
collector send more, and every door has a limit of its own for what comes out of the compression."""


class Refusal(Struct, frozen=True):
    """Why a request is not let in. `location` redirects a browser instead. `who` is the caller, where one is known."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()
    location: str | None = None
    bounce: bool = False
    who: str = ""


class Policy(Struct, frozen=True):
    """What the guard asks for. `allowed_hosts` are further Host names, in lower case, without a port."""

    auth_required: bool = False
    check_host: bool = True
    allowed_hosts: frozenset[str] = frozenset()


class Refusing(Protocol):
    """What counts refusals: `access.refusals.Refusals`."""

    def note(self, refused: Refused, path: str) -> None:
        """One was refused."""
        ...


class TokenVerifier(Protocol):
    """What the guard asks of `access.keys.KeyStore`."""

    def principal_of_token(self, token: str) -> Principal | None:
        """The principal of a live token."""
        ...

    def principal_of_session(self, session: str) -> Principal | None:
        """The principal of a session cookie."""
        ...


def policy_of(settings: Settings) -> Policy:
    """The policy that `settings` asks for: beyond loopback a credential is always needed."""
    loopback = _all_loopback(settings.http_addr, settings.otlp_http_addr)
    return Policy(
        auth_required=settings.require_auth or not loopback or not _all_loopback(settings.otlp_grpc_addr),
        check_host=loopback,
        allowed_hosts=frozenset(name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip()),
    )


def _all_loopback(*addresses: str) -> bool:
    return all(is_loopback(host_of(address)) for address in addresses if address != OFF)


@lru_cache(maxsize=1024)  # a client repeats its Host; parsing it costs 20 µs a request
def host_of(authority: str) -> str:
    """The host of `host:port`, `[v6]:port` or `host`, in lower case, without brackets and trailing dot."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    except ValueError:
        return ""


class Guard:
    """Answers the three questions for one policy. `refused` is told of those that doors beside HTTP refuse."""

    def __init__(
        self, policy: Policy, keys: TokenVerifier, roles: Roles | None = None, refused: Refusing | None = None
    ) -> None:
        self.policy = policy
        self.refused = refused
        self._keys = keys
        self._roles = roles or Roles()

    def check_source(self, scope: Scope, headers: Mapping[str, str]) -> Refusal | None:
        """Question 1, for an HTTP scope and its `headers_of`."""
        host = headers.get("host", "")
        if self.policy.check_host and not self._is_ours(host_of(host)):
            return Refusal(
                403,
                "host_not_allowed",
                f"cannot answer for host {host!r}: trimtab listens on loopback; use 127.0.0.1 or localhost, "
                "or add the name to TRIMTAB_ALLOWED_HOSTS",
            )
        if scope["method"] in SAFE_METHODS:
            return None
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or not _same_origin(headers):
            return Refusal(
                403,
                "cross_origin",
                f"cannot accept a change from another site: got origin {headers.get('origin', '')!r}",
            )
        return None

    def identify(self, scope: Scope, headers: Mapping[str, str]) -> Principal | Refusal:
        """Questions 2 and 3, for an HTTP scope. May raise Unavailable while keys cannot be read."""
        path = scope["path"]
        principal = self._caller(headers)
        if principal is None:
            if not self.policy.auth_required:
                return LOCAL_OPERATOR
            if is_open(path):
                return _STRANGER
            return _unauthenticated(scope, headers)
        needed = self._roles.needed(scope["method"], path)
        if is_open(path):
            return principal
        if not principal.may(needed.role):
            home = path == "/" and principal.role is Role.FINANCE and is_page_request(scope, headers)
            return Refusal(
                403,
                "access_denied",
                f"cannot {scope['method']} {path}: {principal.name!r} has role {principal.role}; needs {needed.role}",
                location=FINANCE_HOME if home else None,
                who=principal.name,
            )
        if principal.bound and not needed.bound:
            why = f"cannot {scope['method']} {path}: {unbound_only(principal)}"
            return Refusal(403, "access_denied", why, who=principal.name)
        return principal

    def _caller(self, headers: Mapping[str, str]) -> Principal | None:
        token = _token_of(headers.get("authorization", ""))
        if token:
            return self._keys.principal_of_token(token)
        session = _cookie(headers.get("cookie", ""), SESSION_COOKIE)
        return self._keys.principal_of_session(session) if session else None

    def _is_ours(self, host: str) -> bool:
        return is_loopback(host) or host in self.policy.allowed_hosts


_STRANGER = Principal("anonymous", None, Role.READ, scope=LOCAL_OPERATOR.scope)
"""Who asks for an open path without a credential; no open path reads telemetry."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers by lower-case name; of a repeated one the first, save that a repeated Host is no host."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        if name == "host" and name in headers:
            headers[name] = ""
        headers.setdefault(name, raw_value.decode("latin-1"))
    return headers


def is_page_request(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a person's browser asks for a page (and not a program for data)."""
    return (
        scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", "") and "hx-request" not in headers
    )


def _same_origin(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return bool(origin) and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False


def _unauthenticated(scope: Scope, headers: Mapping[str, str]) -> Refusal:
    message = (
        "cannot answer without a credential; send `Authorization: Bearer <token>` (make one with `trimtab keys create`)"
    )
    if headers.get("authorization") or headers.get("cookie"):
        message = "cannot verify the credential: expected a live token of this server; `trimtab keys create` makes one"
    challenge = (("WWW-Authenticate", 'Bearer realm="trimtab"'),)
    if not is_page_request(scope, headers):
        return Refusal(401, "unauthenticated", message, challenge)
    query = scope.get("query_string", b"").decode("latin-1")
    target = scope["path"] + (f"?{query}" if query else "")
    # A SameSite=Strict cookie does not come along a link from another site; one step from our own page brings it.
    cross_site = headers.get("sec-fetch-site") == "cross-site"
    location = target if cross_site else f"{LOGIN_PATH}?next={quote(target, safe='')}"
    return Refusal(401, "unauthenticated", message, challenge, location=location, bounce=cross_site)


def _token_of(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]


def _cookie(header: str, name: str) -> str:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
