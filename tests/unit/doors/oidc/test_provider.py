"""An ID token counts only with the provider's signature and the claims of this very sign-in."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from trimtab.access.principal import Role
from trimtab.base.clock import ManualClock
from trimtab.base.errors import SetupError, Unauthenticated, Unavailable
from trimtab.doors.oidc.provider import Attempt, Client, Provider
from trimtab.doors.oidc.roles import RoleMap

ISSUER = "https://id.example.com"
KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
NEXT = RSAKey.generate_key(2048, {"kid": "two"}, private=True)
ATTEMPT = Attempt("state", "nonce", "v" * 64, "https://trimtab.example.com/login/oidc/callback")
CLOCK = ManualClock()
NOW = CLOCK.now_ms() // 1000
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "trimtab",
    "sub": "paula",
    "iat": NOW,
    "exp": NOW + 60,
    "nonce": "nonce",
    "groups": ["ledger"],
}


class Stand:
    """A provider that answers what a test tells it."""

    def __init__(self, token: str, **metadata: object) -> None:
        self.token = token
        self.keys = [KEY]
        self.metadata = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            **metadata,
        }
        self.asked: dict[str, list[str]] = {}
        self.authorization = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.metadata)
            case "/keys":
                return httpx.Response(200, json={"keys": [one.as_dict(private=False) for one in self.keys]})
            case "/token":
                self.asked = parse_qs(request.content.decode())
                self.authorization = request.headers.get("authorization", "")
                return httpx.Response(200, json={"id_token": self.token, "access_token": "a"})
        return httpx.Response(404)


def token(key: Any = KEY, alg: str = "RS256", **claims: object) -> str:
    held = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "one"}, held, key)


def claims(stand: Stand, secret: str = "s") -> Any:
    async def ask() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(stand)) as http:
            return await Provider(Client(ISSUER, "trimtab", secret, "openid"), CLOCK, http).claims("code", ATTEMPT)

    return asyncio.run(ask())


def test_a_token_that_holds_gives_its_claims_and_the_verifier_was_sent() -> None:
    stand = Stand(token())
    assert "paula" == claims(stand)["sub"]
    assert ["v" * 64] == stand.asked["code_verifier"]
    assert stand.authorization.startswith("Basic ")


def test_a_public_client_sends_no_secret() -> None:
    stand = Stand(token())
    claims(stand, secret="")
    assert "" == stand.authorization
    assert "client_secret" not in stand.asked


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there() -> None:
    stand = Stand(token(), token_endpoint_auth_methods_supported=["client_secret_post"])
    claims(stand)
    assert ["s"] == stand.asked["client_secret"]


@pytest.mark.parametrize(
    "spoilt",
    [
        token(OTHER),
        token(OctKey.import_key("a secret of the client"), "HS256"),
        token(nonce="another"),
        token(nonce=None),
        token(iss="https://evil.example.com"),
        token(aud="somebody-else"),
        token(aud=["trimtab", "other"], azp="other"),
        token(exp=NOW - 120),
        token(sub=None),
        token(at_hash="AAAA"),
        "not.a.token",
        "",
        token().rsplit(".", 1)[0] + ".",
    ],
)
def test_a_token_that_does_not_hold_is_refused(spoilt: str) -> None:
    with pytest.raises(Unauthenticated, match="does not hold"):
        claims(Stand(spoilt))


def test_a_key_that_is_new_is_fetched() -> None:
    stand = Stand(jwt.encode({"alg": "RS256", "kid": "two"}, CLAIMS, NEXT))

    async def twice() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(stand)) as http:
            clock = ManualClock()
            provider = Provider(Client(ISSUER, "trimtab", "s", "openid"), clock, http)
            with pytest.raises(Unauthenticated):
                await provider.claims("code", ATTEMPT)
            stand.keys = [KEY, NEXT]
            clock.advance(61)
            return await provider.claims("code", ATTEMPT)

    assert "paula" == asyncio.run(twice())["sub"]


@pytest.mark.parametrize(
    ("metadata", "words"),
    [({"issuer": "https://evil.example.com"}, "it says that it is"), ({"jwks_uri": None}, "it lacks jwks_uri")],
)
def test_a_provider_that_is_another_is_not_used(metadata: dict[str, Any], words: str) -> None:
    with pytest.raises(Unavailable, match=words):
        claims(Stand(token(), **metadata))


def test_roles_come_from_groups() -> None:
    roles = RoleMap.of("realm_access.roles", "finance=ledger, admin=platform|sre", "")
    assert Role.ADMIN is roles.named({"realm_access": {"roles": ["ledger", "sre"]}})
    assert Role.FINANCE is roles.named({"realm_access.roles": "ledger"})
    assert roles.named({"realm_access": "odd"}) is None
    assert Role.READ is RoleMap.of("groups", "", "read").otherwise


@pytest.mark.parametrize(("text", "otherwise"), [("boss=x", ""), ("admin", ""), ("admin=", ""), ("", "king")])
def test_roles_that_cannot_be_are_refused_at_start(text: str, otherwise: str) -> None:
    with pytest.raises(SetupError):
        RoleMap.of("groups", text, otherwise)
