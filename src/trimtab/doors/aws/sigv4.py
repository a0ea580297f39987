"""Signature Version 4: who signed a request, and whether the signature holds.

Both forms are read: the `Authorization` header and presigned URLs (`X-Amz-Signature` in the query string).
Source: "AWS Signature Version 4 for API requests" of the IAM user guide; the path is encoded twice, as for every
service but S3.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote

from msgspec import Struct

from trimtab.access.key import AwsKey
from trimtab.base.clock import Clock, to_datetime, to_ms
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.wire.http import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_S = 900
"""Seconds that a client's clock may differ: 15 minutes, as AWS allows."""
MAX_EXPIRES_S = 604_800
"""Seconds that a presigned URL may live: 7 days, as AWS allows."""
UNSIGNED = "UNSIGNED-PAYLOAD"
_DERIVED_LIMIT = 1024
"""Derived keys kept: one a key, day, region and service; 32 bytes each."""
_PARTS = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_FORMAT = "%Y%m%dT%H%M%SZ"
_SPACES = re.compile(r" +")


class KeyLookup(Protocol):
    """Where secrets come from: `access.keys.KeyStore`."""

    def secret_of(self, access_key_id: str) -> AwsKey | None:
        """The live key of that id."""
        ...


class Signature(Struct, frozen=True):
    """What a request says of its own signature. Nothing in here is verified."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    expires_s: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope that is part of what is signed."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_signature(request: HttpRequest) -> Signature | None:
    """The signature of a request, or None for one that carries none. Raises AwsError for half a signature."""
    authorization = request.header(b"authorization")
    if authorization.startswith(ALGORITHM):
        parts = dict(_PARTS.findall(authorization))
        timestamp = request.header(b"x-amz-date") or _from_http_date(request)
        return _signature(parts, timestamp, None, authorization)
    if b"X-Amz-Signature=" in request.query:
        query = dict(parse_qsl(request.query.decode("latin-1")))
        parts = {name: query.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature")}
        expires = query.get("X-Amz-Expires", "")
        if not expires.isdecimal() or not 0 < int(expires) <= MAX_EXPIRES_S:
            raise AwsError(
                "IncompleteSignature", f"X-Amz-Expires must be between 1 and {MAX_EXPIRES_S} seconds, got {expires!r}"
            )
        return _signature(parts, query.get("X-Amz-Date", ""), int(expires), request.query.decode("latin-1"))
    return None


def _signature(parts: Mapping[str, str], timestamp: str, expires_s: int | None, given: str) -> Signature:
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not parts.get(name):
            raise AwsError(
                "IncompleteSignature", f"Authorization header requires '{name}' parameter. Authorization={given[:200]}"
            )
    scope = parts["Credential"].rsplit("/", 4)
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise AwsError(
            "IncompleteSignature",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{parts['Credential']}'",
        )
    headers = tuple(parts["SignedHeaders"].lower().split(";"))
    key_id, date, region, service = scope[:4]
    return Signature(key_id, date, region, service, headers, parts["Signature"], timestamp, expires_s)


def _from_http_date(request: HttpRequest) -> str:
    date = request.header(b"date")
    try:
        return datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC).strftime(_FORMAT)
    except ValueError:
        return ""


class Verifier:
    """Verifies signatures against keys."""

    def __init__(self, keys: KeyLookup, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._derived: dict[tuple[str, str, str, str], bytes] = {}

    def verify(
        self,
        request: HttpRequest,
        signature: Signature | None,
        service: str | None,
        lookup: Callable[[str], AwsKey | None] | None = None,
    ) -> AwsKey:
        """The key that signed `request` for `service` (its signing name; None for any). Raises AwsError.

        `lookup` knows keys in place of the verifier's own: those of sessions.
        """
        if signature is None:
            raise AwsError("MissingAuthenticationToken", "Missing Authentication Token")
        self._check_time(signature)
        if service is not None and signature.service != service:
            raise AwsError("SignatureDoesNotMatch", f"Credential should be scoped to correct service: '{service}'. ")
        key = (lookup or self._keys.secret_of)(signature.key_id)
        if key is None:
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.")
        if "host" not in signature.signed_headers:
            raise AwsError(
                "SignatureDoesNotMatch", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
            )
        expected = self._sign(request, signature, key.secret)
        if not hmac.compare_digest(expected.encode(), signature.signature.encode("utf-8", "surrogatepass")):
            raise AwsError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details.",
            )
        return key

    def _check_time(self, signature: Signature) -> None:
        if not signature.timestamp:
            raise AwsError(
                "IncompleteSignature",
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            )
        try:
            signed_ms = to_ms(datetime.strptime(signature.timestamp, _FORMAT).replace(tzinfo=UTC))
        except ValueError:
            raise AwsError(
                "IncompleteSignature",
                f"Date must be in ISO-8601 'basic format'. Got '{signature.timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601",
            ) from None
        if signature.date != signature.timestamp[:8]:
            raise AwsError(
                "SignatureDoesNotMatch",
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
            )
        now_ms = self._clock.now_ms()
        if signed_ms > now_ms + SKEW_S * 1000:
            raise AwsError(
                "RequestExpired",
                f"Signature not yet current: {signature.timestamp} is still later than {_basic(now_ms)} + 15 min.",
            )
        limit_s = SKEW_S if signature.expires_s is None else signature.expires_s
        if signed_ms < now_ms - limit_s * 1000:
            oldest = _basic(now_ms - limit_s * 1000)
            raise AwsError("RequestExpired", f"Signature expired: {signature.timestamp} is now earlier than {oldest}")

    def _sign(self, request: HttpRequest, signature: Signature, secret: str) -> str:
        canonical = "\n".join(
            (
                request.method,
                _canonical_path(request.raw_path),
                _canonical_query(request.query),
                _canonical_headers(request, signature.signed_headers),
                ";".join(signature.signed_headers),
                _payload_hash(request),
            )
        )
        digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
        text = f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"
        return hmac.digest(self._key(secret, signature), text.encode(), "sha256").hex()

    def _key(self, secret: str, signature: Signature) -> bytes:
        index = (secret, signature.date, signature.region, signature.service)
        key = self._derived.get(index)
        if key is None:
            key = b"AWS4" + secret.encode()
            for part in (signature.date, signature.region, signature.service, "aws4_request"):
                key = hmac.digest(key, part.encode("utf-8", "surrogatepass"), "sha256")
            if len(self._derived) >= _DERIVED_LIMIT:
                self._derived.clear()
            self._derived[index] = key
        return key


def _basic(ms: int) -> str:
    return to_datetime(ms).strftime(_FORMAT)


def _canonical_path(raw_path: bytes) -> str:
    path = raw_path.decode("latin-1").partition("?")[0]
    if "//" in path or "/." in path:
        kept: list[str] = []
        for part in path.split("/"):
            if part == "..":
                kept = kept[:-1]
            elif part not in ("", "."):
                kept.append(part)
        path = "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")
    return quote(path or "/", safe="/-_.~")


def _canonical_query(query: bytes) -> str:
    if not query:
        return ""
    pairs = []
    for field in query.decode("latin-1").split("&"):
        name, _, value = field.partition("=")
        if name and name != "X-Amz-Signature":
            pairs.append((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _canonical_headers(request: HttpRequest, names: tuple[str, ...]) -> str:
    lines = []
    for name in names:
        value = request.headers.get(name.encode("latin-1", "replace"))
        if value is None:
            raise AwsError("SignatureDoesNotMatch", f"The signed header '{name}' is not in the request.")
        lines.append(f"{name}:{_SPACES.sub(' ', value.decode('utf-8', 'surrogateescape').strip())}\n")
    return "".join(lines)


def _payload_hash(request: HttpRequest) -> str:
    given = request.header(b"x-amz-content-sha256")
    if given == UNSIGNED:
        return given
    digest = hashlib.sha256(request.sent).hexdigest()
    if given and not hmac.compare_digest(given.encode("latin-1"), digest.encode()):
        raise AwsError(
            "SignatureDoesNotMatch", "The provided 'x-amz-content-sha256' header does not match what was computed."
        )
    return digest
