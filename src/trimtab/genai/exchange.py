"""A recorded request and its answer, as a gateway's log or a recording has them, as a call."""

import base64
import gzip
import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct, field

from trimtab.base import typed
from trimtab.base.records import replace
from trimtab.genai.answer import Answer, answer_of, answer_of_text
from trimtab.genai.call import BATCH, Call
from trimtab.genai.eventstream import events_of_stream
from trimtab.genai.tokens import UNKNOWN, Tokens, merged
from trimtab.genai.vendor import vendor_of

_MODEL_IN_PATH = (
    re.compile(r"^/model/(.+)/(?:invoke|invoke-with-response-stream|converse|converse-stream)$"),
    re.compile(r"/models/([^/]+(?:/[^/:]+)?):[A-Za-z]+$"),
    re.compile(r"^/openai/deployments/([^/]+)/"),
    re.compile(r"/models/(.+)/predictions$"),
)
_OPERATIONS = (
    (re.compile(r"embed", re.IGNORECASE), "embeddings"),
    (re.compile(r"rerank"), "rerank"),
    (re.compile(r"/audio/"), "audio"),
    (re.compile(r"/images/|imagen"), "image"),
    (re.compile(r"/completions?$|/generate$|/invoke|/predictions$"), "text_completion"),
)
_BEDROCK_HEADERS = {
    "x-amzn-bedrock-input-token-count": "input",
    "x-amzn-bedrock-output-token-count": "output",
    "x-amzn-bedrock-cache-read-input-token-count": "cache_read",
    "x-amzn-bedrock-cache-write-input-token-count": "cache_write",
}
"""What Bedrock says of models whose answers have no usage. Source: InvokeModel's response headers."""
_MOST_BYTES = 64 << 20
"""Of a body that is unpacked: far more than a long answer; what is longer is not read."""


class Exchange(Struct, frozen=True, kw_only=True):
    """A request and its answer. `body` is decoded JSON, a list of events, or the text or bytes as sent."""

    host: str = ""
    path: str = ""
    status: int = 200
    request: Any = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    at_ms: int = 0
    duration_ms: float | None = None


def call_of(exchange: Exchange) -> Call:
    """The call that an exchange was. An answer that failed, or says nothing of usage, leaves its tokens unknown."""
    path = exchange.path.partition("?")[0]
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    request = _document(exchange.request)
    answer = _answer(exchange.body, headers)
    failed = exchange.status >= 400
    asked = _text(request, "model", "modelId") or model_in_path(path)
    said = answer.model or asked
    counted = UNKNOWN if failed else merged(answer.tokens, _from_headers(headers))
    return Call(
        at_ms=exchange.at_ms,
        vendor=vendor_of(exchange.host, path, said),
        model=said,
        asked_model=asked,
        operation=next((name for pattern, name in _OPERATIONS if pattern.search(path)), "chat"),
        endpoint=exchange.host,
        status=exchange.status,
        failed=failed,
        stream=_streams(request, path),
        tier=BATCH if "/batch" in path else answer.tier or _text(request, "service_tier"),
        tokens=counted,
        duration_ms=exchange.duration_ms,
        user=_text(request, "user") or _text(_document(request.get("metadata")), "user_id"),
        id=answer.id,
    )


def model_in_path(path: str) -> str:
    """The model that a path names; "" where it names none."""
    for pattern in _MODEL_IN_PATH:
        if found := pattern.search(path):
            return unquote(found.group(1))
    return ""


def unpacked(raw: bytes, encoding: str) -> bytes:
    """A body without its content encoding; empty where it cannot be unpacked (an encoding that nothing here knows)."""
    kind = encoding.strip().lower()
    try:
        if kind in ("gzip", "x-gzip") or (not kind and raw[:2] == b"\x1f\x8b"):
            return gzip.decompress(raw)[:_MOST_BYTES]
        if kind == "deflate":
            return zlib.decompress(raw, -15 if raw[:1] != b"\x78" else 15)[:_MOST_BYTES]
    except (OSError, EOFError, zlib.error):
        return b""
    return raw if kind in ("", "identity") else b""


def _answer(body: Any, headers: Mapping[str, str]) -> Answer:
    if isinstance(body, bytes):
        raw = unpacked(body, headers.get("content-encoding", ""))
        if "eventstream" in headers.get("content-type", ""):
            return answer_of(list(events_of_stream(raw)))
        body = raw.decode("utf-8", "replace")
    return answer_of_text(body) if isinstance(body, str) else answer_of(body)


def _document(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str | bytes):
        try:
            value = typed.decode(value)
        except (msgspec.DecodeError, ValueError):
            return {}
    return value if isinstance(value, Mapping) else {}


def _streams(request: Mapping[str, Any], path: str) -> bool:
    asked = request.get("stream")
    return asked if isinstance(asked, bool) else "stream" in path.lower()


def _from_headers(headers: Mapping[str, str]) -> Tokens:
    said = {
        kind: int(value)
        for name, kind in _BEDROCK_HEADERS.items()
        if (value := headers.get(name, "")).isascii() and value.isdecimal()
    }
    tokens = Tokens(**said)
    if tokens.input is None:
        return tokens
    return replace(tokens, input=tokens.input + (tokens.cache_read or 0) + (tokens.cache_write or 0))


def _text(document: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := document.get(name), str) and value), "")


def from_base64(text: str) -> bytes:
    """Bytes that a recording keeps as text. Raises ValueError."""
    return base64.b64decode(text, validate=True)
