"""Parameters of the query API: of the URL and, by POST, of a form; times and durations as Prometheus writes them."""

import math
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms
from trimtab.metrics.promql.language.literals import duration_s
from trimtab.metrics.promql.language.parse import parse_selector
from trimtab.metrics.promql.language.syntax import Matcher
from trimtab.metrics.promql.problems import BadQuery

_BODY_LIMIT = 4 << 20
"""Bytes of a form. A query of 1 MB, percent-encoded, fits; no person writes one."""
_DURATION = re.compile(r"(?:[0-9]+(?:ms|[ywdhms]))+$")
_FURTHEST_S = 2**53 / 1e6


class Parameters:
    """The parameters of one request, each with its values."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    @classmethod
    async def of(cls, request: Request) -> "Parameters":
        """Read them. Raises BadQuery for a body that is no form, or too large."""
        pairs = request.query_params.multi_items()
        if request.method != "POST":
            return cls(pairs)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY_LIMIT:
                raise BadQuery(f"cannot take a form above {_BODY_LIMIT} bytes")
        try:
            form = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
        except ValueError:
            raise BadQuery("cannot read body: expected a form (application/x-www-form-urlencoded)") from None
        return cls([*form, *pairs])

    def text(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return self._values.get(name, [default])[0]

    def texts(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return self._values.get(name, [])

    def needed(self, name: str) -> str:
        """A parameter that must be there. Raises BadQuery."""
        value = self.text(name)
        if not value:
            raise BadQuery(f'invalid parameter "{name}": got none; expected one')
        return value

    def time_ms(self, name: str, default_ms: int | None = None) -> int:
        """A time: seconds since the epoch, or RFC 3339. Raises BadQuery."""
        text = self.text(name) if default_ms is not None else self.needed(name)
        return default_ms if not text and default_ms is not None else _time_ms(name, text)

    def duration_ms(self, name: str, default_ms: int | None = None) -> int:
        """A duration: seconds, or `5m`. Raises BadQuery."""
        text = self.text(name) if default_ms is not None else self.needed(name)
        if not text and default_ms is not None:
            return default_ms
        seconds = duration_s(text) if _DURATION.match(text) else _float(name, text, "duration")
        if not abs(seconds) < _FURTHEST_S:
            raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid duration')
        return round(seconds * 1000)

    def limit(self, name: str = "limit") -> int | None:
        """How many results are wanted; None and 0 stand for all. Raises BadQuery."""
        text = self.text(name)
        if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise BadQuery(f'invalid parameter "{name}": got "{text}"; expected a number from 0 up')
        return int(text) or None if text else None

    def selectors(self, *, needed: bool = False) -> list[tuple[Matcher, ...]]:
        """The selectors `match[]`. Raises BadQuery."""
        texts = self.texts("match[]")
        if needed and not texts:
            raise BadQuery("no match[] parameter provided")
        return [parse_selector(text).matchers for text in texts]


def _time_ms(name: str, text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        try:
            return parse_instant_ms(text.upper(), 0)
        except (InvalidInput, OverflowError):
            raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp') from None
    if not math.isfinite(seconds) or abs(seconds) > _FURTHEST_S:
        raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp')
    return round(seconds * 1000)


def _float(name: str, text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid {what}') from None
