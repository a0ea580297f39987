"""The OpenID provider: its discovery document, its keys, the exchange of a code, and the check of an ID token.

OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636). Signatures are checked by joserfc, claims by
Authlib. Only asymmetric signatures count: a token signed with `none` or with the client's secret is refused. Both
libraries take a third of a second to load, which only those pay who sign in.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import Unauthenticated, Unavailable
from trimtab.egress import client as egress

if TYPE_CHECKING:
    from joserfc import jwt
    from joserfc.jwk import KeySet

_FRESH_MS = 3_600_000  # discovery and keys are read again every hour
_MISS_MS = 60_000  # an unknown key makes the keys be read again, at most once a minute
_ANSWER_BYTES = 1_000_000  # a discovery document and a set of keys have some thousand
_LEEWAY_S = 60  # clocks of two machines differ
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")


class Client(Struct, frozen=True):
    """What the provider knows us as. An empty `secret` is a public client: PKCE alone proves who asks."""

    issuer: str
    id: str
    secret: str
    scopes: str


class Attempt(Struct, frozen=True):
    """What is kept of a sign-in between its two requests."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


class Provider:
    """One provider. `http` is closed by whoever made it."""

    def __init__(self, client: Client, clock: Clock, http: egress.Client) -> None:
        self._client = client
        self._clock = clock
        self._http = http
        self._metadata: dict[str, Any] = {}
        self._metadata_ms = 0
        self._keys: KeySet | None = None
        self._keys_ms = 0

    async def authorization_url(self, attempt: Attempt) -> str:
        """Where the browser is sent. Raises Unavailable while the provider does not answer."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        metadata = await self._discover()
        url: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self._client.id,
            "code",
            redirect_uri=attempt.redirect_uri,
            scope=self._client.scopes,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
        return url

    async def claims(self, code: str, attempt: Attempt) -> Mapping[str, Any]:
        """The verified claims of who signed in. Raises Unauthenticated for a code or token that does not hold."""
        metadata = await self._discover()
        tokens = await self._exchange(metadata, code, attempt)
        return await self._verified(metadata, tokens, attempt.nonce)

    async def _discover(self) -> dict[str, Any]:
        now = self._clock.now_ms()
        if self._metadata and now - self._metadata_ms < _FRESH_MS:
            return self._metadata
        issuer = self._client.issuer.rstrip("/")
        found = await self._json("GET", f"{issuer}/.well-known/openid-configuration")
        missing = [
            name
            for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
            if not isinstance(found.get(name), str)
        ]
        if missing or found["issuer"].rstrip("/") != issuer:
            told = f"it lacks {', '.join(missing)}" if missing else f"it says that it is {found['issuer']}"
            raise Unavailable(f"cannot sign in: the provider {issuer} cannot be used: {told}")
        self._metadata, self._metadata_ms = found, now
        return found

    async def _exchange(self, metadata: Mapping[str, Any], code: str, attempt: Attempt) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
            "client_id": self._client.id,
        }
        auth = None
        if self._client.secret:
            known = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            if "client_secret_basic" in known:
                auth = egress.BasicAuth(self._client.id, self._client.secret)
            else:
                form["client_secret"] = self._client.secret
        return await self._json("POST", metadata["token_endpoint"], form=form, auth=auth)

    async def _verified(self, metadata: Mapping[str, Any], tokens: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        try:
            token = await self._decoded(metadata, str(tokens.get("id_token") or ""))
            options = {
                "iss": {"essential": True, "value": metadata["issuer"]},
                "aud": {"essential": True, "value": self._client.id},
            }
            params = {"nonce": nonce, "client_id": self._client.id, "access_token": tokens.get("access_token")}
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(now=self._clock.now_ms() // 1000, leeway=_LEEWAY_S)
        except (JoseError, ValueError) as problem:
            raise Unauthenticated(f"cannot sign in: the provider's token does not hold ({problem})") from None
        return dict(claims)

    async def _decoded(self, metadata: Mapping[str, Any], token: str) -> "jwt.Token":
        """The token under the provider's keys; keys that it does not fit are read again once."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            return jwt.decode(token, await self._key_set(metadata, _FRESH_MS), algorithms=list(_ALGORITHMS))
        except (JoseError, ValueError):
            return jwt.decode(token, await self._key_set(metadata, _MISS_MS), algorithms=list(_ALGORITHMS))

    async def _key_set(self, metadata: Mapping[str, Any], older_ms: int) -> "KeySet":
        from joserfc.jwk import KeySet

        now = self._clock.now_ms()
        if self._keys is None or now - self._keys_ms >= older_ms:
            found = await self._json("GET", metadata["jwks_uri"])
            self._keys, self._keys_ms = KeySet.import_key_set({"keys": found.get("keys") or []}), now
        return self._keys

    async def _json(
        self, method: str, url: str, *, form: Mapping[str, str] | None = None, auth: egress.BasicAuth | None = None
    ) -> dict[str, Any]:
        try:
            asked = self._http.build_request(method, url, data=form)
            response = await self._http.send(asked, auth=auth, stream=True)
            try:
                answer = json.loads(await egress.read_whole(response, _ANSWER_BYTES))
            finally:
                await response.aclose()
        except (egress.HTTPError, ValueError) as problem:
            raise Unavailable(f"cannot sign in: the provider does not answer at {url}: {problem}") from None
        if not response.is_success or not isinstance(answer, dict):
            told = answer.get("error_description") or answer.get("error") if isinstance(answer, dict) else ""
            raise Unauthenticated(f"cannot sign in: the provider refused ({told or response.status_code})")
        return answer
