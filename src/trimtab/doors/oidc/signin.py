"""Signing in with an OpenID provider: `/login/oidc` sends the browser there, `/login/oidc/callback` takes it back.

    browser → /login/oidc          state, nonce and PKCE verifier go into a cookie of ten minutes
            → provider             asks who it is
            → /login/oidc/callback state must be the cookie's; the code becomes an ID token, whose claims give the role
            → the page that was asked for, with a session cookie as a token's own sign-in gives

That cookie is SameSite=Lax, since it must come along on the way back from the provider; the session's is Strict.
"""

import base64
import binascii
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.people import Rights
from trimtab.access.principal import Principal, Role
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, InvalidInput, SetupError, TrimtabError, Unauthenticated, Unavailable
from trimtab.base.loopback import is_loopback
from trimtab.doors.guard import FINANCE_HOME, SESSION_COOKIE
from trimtab.doors.login import OIDC_PATH, came_by_tls, local_path, sign_in_page
from trimtab.doors.oidc.provider import Attempt, Client, Provider
from trimtab.doors.oidc.roles import RoleMap
from trimtab.egress import client as egress
from trimtab.egress.gate import Gate
from trimtab.settings import Settings

CALLBACK_PATH = OIDC_PATH + "/callback"
ATTEMPT_COOKIE = "trimtab_oidc"
_ATTEMPT_S = 600
_TIMEOUT_S = 10.0  # a person waits for it
SESSION_S = 12 * 3600
"""A session lasts a working day: then the provider is asked again whether this one may still come in."""
_NAME_CLAIMS = ("email", "preferred_username", "upn", "name", "sub")
_ODD = re.compile(r"[^A-Za-z0-9 ._@/+=,:-]")


class IdentitySessions(Protocol):
    """What signing in asks of `access.people.People`."""

    async def open_identity(self, issuer: str, subject: str, name: str, rights: Rights, expires_s: int) -> str:
        """A cookie value for somebody whom a provider vouches for."""
        ...


class Verifier(Protocol):
    """What signing in asks of `access.keys.KeyStore`."""

    def principal_of_session(self, session: str) -> Principal | None:
        """Who a cookie stands for."""
        ...


class Access(Protocol):
    """What signing in asks of `access.room.AccessRoom`."""

    @property
    def keys(self) -> Verifier:
        """Sessions."""

    @property
    def people(self) -> IdentitySessions:
        """People."""


class SignIn(Struct, frozen=True):
    """What the routes need. `redirect_url` is where the provider sends browsers back; "": as the request came."""

    provider: Provider
    issuer: str
    roles: RoleMap
    access: Access
    clock: Clock
    redirect_url: str = ""


def of_settings(settings: Settings, access: Access, clock: Clock, gate: Gate) -> SignIn | None:
    """As the settings ask for; None where they name no provider. Raises SetupError for what cannot be used."""
    issuer = settings.oidc_issuer
    if not issuer:
        return None
    parts = urlsplit(issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise SetupError(f"cannot use TRIMTAB_OIDC_ISSUER: got {issuer!r}; expected https://…")
    if not settings.oidc_client_id:
        raise SetupError("cannot sign in with TRIMTAB_OIDC_ISSUER: set TRIMTAB_OIDC_CLIENT_ID with it")
    client = Client(issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_scopes)
    roles = RoleMap.of(settings.oidc_role_claim, settings.oidc_roles, settings.oidc_default_role)
    http = egress.Client(gate.naming((issuer,)), timeout_s=_TIMEOUT_S)
    return SignIn(Provider(client, clock, http), issuer, roles, access, clock, settings.oidc_redirect_url)


def routes(sign_in: SignIn) -> list[BaseRoute]:
    """The two routes."""

    async def begin(request: Request) -> Response:
        target = local_path(request.query_params.get("next", "/"))
        attempt = Attempt(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            sign_in.redirect_url or str(request.url.replace(path=CALLBACK_PATH, query="")),
        )
        try:
            url = await sign_in.provider.authorization_url(attempt)
        except TrimtabError as problem:
            return _refused(problem, target)
        response = RedirectResponse(url, 303, {"Cache-Control": "no-store"})
        response.set_cookie(
            ATTEMPT_COOKIE,
            _packed(attempt, target),
            max_age=_ATTEMPT_S,
            path=OIDC_PATH,
            httponly=True,
            samesite="lax",
            secure=came_by_tls(request),
        )
        return response

    async def callback(request: Request) -> Response:
        target = "/"
        try:
            attempt, target = _unpacked(request.cookies.get(ATTEMPT_COOKIE, ""))
            claims = await sign_in.provider.claims(_code(request, attempt), attempt)
            rights = Rights(sign_in.roles.named(claims), sign_in.roles.held(claims), sign_in.roles.otherwise)
            expires = sign_in.clock.now_ms() // 1000 + SESSION_S
            subject = str(claims["sub"])
            session = await sign_in.access.people.open_identity(sign_in.issuer, subject, _name(claims), rights, expires)
            principal = sign_in.access.keys.principal_of_session(session)
        except TrimtabError as problem:
            return _refused(problem, target)
        to_money = principal is not None and principal.role is Role.FINANCE and target == "/"
        home = FINANCE_HOME if to_money else target
        response = RedirectResponse(home, 303, {"Cache-Control": "no-store"})
        secure = came_by_tls(request)
        response.delete_cookie(ATTEMPT_COOKIE, path=OIDC_PATH, httponly=True, samesite="lax", secure=secure)
        response.set_cookie(SESSION_COOKIE, session, max_age=SESSION_S, httponly=True, samesite="strict", secure=secure)
        return response

    return [Route(OIDC_PATH, begin, methods=["GET"]), Route(CALLBACK_PATH, callback, methods=["GET"])]


def _code(request: Request, attempt: Attempt) -> str:
    """The code of an answer that belongs to this attempt. Raises Unauthenticated."""
    asked = request.query_params
    if not hmac.compare_digest(asked.get("state", "").encode(), attempt.state.encode()):
        raise Unauthenticated("cannot sign in: the answer belongs to another attempt; try again")
    if "error" in asked:
        told = _ODD.sub(" ", asked.get("error_description") or asked["error"])[:200]
        raise Unauthenticated(f"cannot sign in: the provider says {told}")
    code = asked.get("code", "")
    if not code:
        raise Unauthenticated("cannot sign in: the provider sent no code; try again")
    return code


def _name(claims: Mapping[str, Any]) -> str:
    """What lists and logs call them: printable, and not taken from whoever does not own the address."""
    for claim in _NAME_CLAIMS:
        if claim == "email" and claims.get("email_verified") is False:
            continue
        found = _ODD.sub("", str(claims.get(claim) or "")).lstrip(" ._@/+=,:-")
        if found:
            return found[:100]
    return "someone"


def _packed(attempt: Attempt, target: str) -> str:
    held = [attempt.state, attempt.nonce, attempt.verifier, attempt.redirect_uri, target]
    return base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")


def _unpacked(cookie: str) -> tuple[Attempt, str]:
    try:
        held = typed.loads(base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
        state, nonce, verifier, redirect_uri, target = (str(one) for one in held)
    except (binascii.Error, ValueError, TypeError):
        raise InvalidInput("cannot sign in: this attempt is over, or cookies are off; try again") from None
    return Attempt(state, nonce, verifier, redirect_uri), local_path(target)


def _refused(problem: TrimtabError, target: str) -> Response:
    status = 403 if isinstance(problem, AccessDenied) else 503 if isinstance(problem, Unavailable) else 401
    return sign_in_page(target, str(problem), status, with_provider=True)
