"""Signing in with a browser: a token, or a name and a password, become an HttpOnly, SameSite=Strict cookie.

The cookie stands for the token or the user without holding a secret: revoking the one and disabling the other ends it.
"""

import base64
import hashlib
import html
from typing import Protocol
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.base.clock import Clock
from trimtab.base.errors import Throttled
from trimtab.doors.guard import LOGIN_PATH, SESSION_COOKIE

OIDC_PATH = LOGIN_PATH + "/oidc"
SESSION_S = 7 * 86_400
"""A session lasts a week: long enough not to nag, short enough that a forgotten browser signs itself out."""
_FORM_LIMIT = 8192  # bytes; a token and a path fit many times over

_STYLE = """:root{color-scheme:light dark}
body{font:14px/1.5 Inter,system-ui,sans-serif;display:grid;place-content:center;min-height:100vh;margin:0;
background:light-dark(#f6f7f9,#0f1318);color:light-dark(#14181f,#e8ecf1)}
main{display:grid;gap:16px}
form{background:light-dark(#fff,#171c23);border:1px solid light-dark(#dfe3e8,#2b3440);border-radius:8px;padding:24px;
width:min(340px,calc(100vw - 80px))}
h1{font-size:20px;margin:0 0 16px}label{display:block;margin:8px 0 4px}
input{box-sizing:border-box;width:100%;padding:8px;font:inherit;border:1px solid light-dark(#8a94a1,#5a6675);
border-radius:6px;background:transparent;color:inherit}
button{margin-top:16px;padding:8px 16px;font:inherit;border:0;border-radius:6px;background:light-dark(#0b5fd3,#6aa9ff);
color:light-dark(#fff,#0f1318)}
a.provider{display:block;margin:0 0 20px;padding:9px 16px;border-radius:6px;text-align:center;text-decoration:none;
background:light-dark(#0b5fd3,#6aa9ff);color:light-dark(#fff,#0f1318)}
p{color:light-dark(#5a6472,#9aa6b4);margin:12px 0 0}p[role=alert]{margin:0 0 12px;color:light-dark(#b3261e,#ff8a80)}"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in · trimtab</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><main><form method="post" action="{path}"><h1>trimtab</h1>{alert}{provider}<label for="token">Access token</label>
<input id="token" name="token" type="password" autocomplete="off" required autofocus>
<input type="hidden" name="next" value="{next}"><button>Sign in</button>
<p>Make one with <code>trimtab keys create --kind token --role read</code>.</p></form>
<form method="post" action="{path}" class="user"><label for="user">Name</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<input type="hidden" name="next" value="{next}"><button>Sign in with a password</button></form></main></body></html>"""
_WRONG = "That is not a live token of this server."
_WRONG_USER = "There is no user of that name and password who may come in."


def came_by_tls(request: Request) -> bool:
    """Whether the browser speaks TLS, with us or with a proxy in front that says so: its cookie is Secure then.

    Who says so falsely gets a cookie that their own browser does not send.
    """
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))


class SessionOpener(Protocol):
    """What signing in asks of `access.keys.KeyStore`."""

    def open_session(self, token: str, expires_s: int) -> str | None:
        """A cookie value for a live token."""
        ...


class UserSessions(Protocol):
    """What signing in asks of `access.people.People`."""

    async def sign_in(self, name: str, password: str, expires_s: int) -> str | None:
        """A cookie value for a user."""
        ...


class Tries(Protocol):
    """What signing in asks of `access.lockout.Lockout`."""

    async def begin(self, name: str | None, address: str) -> None:
        """Count a try. Raises Throttled."""
        ...

    async def succeeded(self, name: str | None, address: str) -> None:
        """Take it back."""
        ...


class Openers(Protocol):
    """What signing in asks of `access.room.AccessRoom`."""

    @property
    def keys(self) -> SessionOpener:
        """Tokens."""

    @property
    def people(self) -> UserSessions:
        """Users."""

    @property
    def lockout(self) -> Tries:
        """Who tried how often."""


def routes(access: Openers, clock: Clock, *, with_provider: bool = False) -> list[BaseRoute]:
    """`GET /login` (the form), `POST /login` (token, or name and password → cookie), `POST /logout`."""

    async def form(request: Request) -> Response:
        return sign_in_page(local_path(request.query_params.get("next", "/")), "", 200, with_provider=with_provider)

    async def sign_in(request: Request) -> Response:
        fields = await _fields(request)
        target = local_path(fields.get("next", "/"))
        until_s = clock.now_ms() // 1000 + SESSION_S
        user, address = fields.get("user", "").strip() or None, request.client.host if request.client else ""
        try:
            await access.lockout.begin(user, address)
        except Throttled as problem:
            page = sign_in_page(target, str(problem).capitalize() + ".", 429, with_provider=with_provider)
            page.headers["Retry-After"] = str(problem.retry_after_s)
            return page
        if user is not None:
            session = await access.people.sign_in(user, fields.get("password", ""), until_s)
        else:
            session = access.keys.open_session(fields.get("token", "").strip(), until_s)
        if session is None:
            return sign_in_page(target, _WRONG_USER if user else _WRONG, 401, with_provider=with_provider)
        await access.lockout.succeeded(user, address)
        response = RedirectResponse(target, 303)
        secure = came_by_tls(request)
        response.set_cookie(SESSION_COOKIE, session, max_age=SESSION_S, httponly=True, samesite="strict", secure=secure)
        return response

    async def sign_out(request: Request) -> Response:
        response = RedirectResponse(LOGIN_PATH, 303)
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict", secure=came_by_tls(request))
        return response

    return [
        Route(LOGIN_PATH, form, methods=["GET"]),
        Route(LOGIN_PATH, sign_in, methods=["POST"]),
        Route("/logout", sign_out, methods=["POST"]),
    ]


def sign_in_page(target: str, problem: str, status: int, *, with_provider: bool) -> HTMLResponse:
    """The form, with the way to the provider where there is one, and what went wrong."""
    alert = f'<p role="alert">{html.escape(problem)}</p>' if problem else ""
    link = f"{OIDC_PATH}?next={quote(target, safe='')}"
    provider = f'<a class="provider" href="{html.escape(link, quote=True)}">Sign in with your organisation</a>'
    page = _PAGE.format(
        style=_STYLE,
        path=LOGIN_PATH,
        next=html.escape(target, quote=True),
        alert=alert,
        provider=provider if with_provider else "",
    )
    return HTMLResponse(page, status, {"Content-Security-Policy": _CSP, "Cache-Control": "no-store"})


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_LIMIT:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def local_path(target: str) -> str:
    """A path of this site, whatever was asked for: no open redirect, no header injection."""
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if plain else "/"
