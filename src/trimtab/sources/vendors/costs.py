"""The cost APIs of vendors of models: pages of days, asked with an admin key.

OpenAI: `GET /v1/organization/costs`, by project and line item. Anthropic: `GET /v1/organizations/cost_report`, by
workspace and description. Source: both vendors' API references, read 2026-12-01. Pages are kept as they came:
`costs.files.flatten` knows what they mean.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, SetupError, Unavailable
from trimtab.base.loopback import is_loopback
from trimtab.sources.http import connection, describe

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
GIVE_UP_S = 600.0
_TIMEOUT_S = 60.0
_BUSY = (408, 409, 425, 429, 500, 502, 503, 504, 529)
_DAYS_A_PAGE = 31
"""What both vendors give at most in one page of days, whatever more OpenAI allows."""

Query = list[tuple[str, str | int | float | bool | None]]


class Vendor(Struct, frozen=True):
    """Where a vendor tells costs, how a key is shown to it and what a range is called."""

    name: str
    title: str
    url: str
    path: str
    key: str
    """The kind of key that may read costs, as the vendor calls it."""
    headers: Callable[[str], Mapping[str, str]]
    """Key → headers."""
    query: Callable[[int, int], Query]
    """Start and end (ms) → what asks for the days between."""


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


OPENAI = Vendor(
    name="openai",
    title="OpenAI",
    url="https://api.openai.com",
    path="/v1/organization/costs",
    key="an admin key (sk-admin-…)",
    headers=lambda key: {"Authorization": f"Bearer {key}"},
    query=lambda start_ms, end_ms: [
        ("start_time", str(start_ms // 1000)),
        ("end_time", str(end_ms // 1000)),
        ("bucket_width", "1d"),
        ("group_by", "project_id"),
        ("group_by", "line_item"),
    ],
)
ANTHROPIC = Vendor(
    name="anthropic",
    title="Anthropic",
    url="https://api.anthropic.com",
    path="/v1/organizations/cost_report",
    key="an Admin API key (sk-ant-admin…)",
    headers=lambda key: {"x-api-key": key, "anthropic-version": "2023-06-01"},
    query=lambda start_ms, end_ms: [
        ("starting_at", _iso(start_ms)),
        ("ending_at", _iso(end_ms)),
        ("bucket_width", "1d"),
        ("group_by[]", "workspace_id"),
        ("group_by[]", "description"),
    ],
)


class _Page(Struct):
    data: list[dict[str, Any]]
    has_more: bool = False
    next_page: str | None = None


class CostPages:
    """One vendor. One page is asked for at a time; while the vendor is busy, it is asked again."""

    def __init__(
        self,
        vendor: Vendor,
        key: str,
        clock: Clock,
        wait: Callable[[float], object],
        url: str = "",
        ca_file: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`url` is a gateway in the vendor's place. Raises SetupError: a key is not sent in the clear."""
        address = (url or vendor.url).rstrip("/")
        headers = {"User-Agent": "trimtab-connect", **vendor.headers(key)}
        self._http = connection(address, headers, ca_file, _TIMEOUT_S, transport=transport)
        to = self._http.base_url
        if to.scheme != "https" and not is_loopback(to.host):
            self._http.close()
            raise SetupError(f"cannot use URL {address!r}: the key would be sent in the clear; expected https://…")
        self._vendor, self._clock, self._wait = vendor, clock, wait

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def over(self, start_ms: int, end_ms: int) -> Iterator[bytes]:
        """The pages of `[start_ms, end_ms)` that have a result, each a JSON document as it came.

        Raises InvalidInput where the vendor refuses, Unavailable after ten minutes of trying.
        """
        query = [*self._vendor.query(start_ms, end_ms), ("limit", str(_DAYS_A_PAGE))]
        page, asked = "", set[str]()
        while True:
            raw = self._ask([*query, ("page", page)] if page else query)
            try:
                found = typed.decode(raw, type=_Page)
            except msgspec.MsgspecError as problem:
                raise InvalidInput(f"cannot read {self._vendor.title}'s answer: {problem}; expected data") from None
            if any(bucket.get("results", bucket.get("result")) for bucket in found.data):
                yield raw
            if not found.has_more:
                return
            page = found.next_page or ""
            if not page or page in asked:
                raise Unavailable(f"{self._vendor.title} says that there is more and names no other page; try again")
            asked.add(page)

    def _ask(self, query: Query) -> bytes:
        started, pause = self._clock.monotonic(), FIRST_WAIT_S
        while True:
            try:
                answer = self._http.get(self._vendor.path, params=query)
            except httpx.HTTPError as problem:
                reason, after = f"cannot reach {self._vendor.title}: {describe(problem)}", ""
            else:
                if answer.status_code == 200:
                    return answer.content
                if answer.status_code not in _BUSY:
                    raise self._refused(answer)
                reason = f"{self._vendor.title} answers {answer.status_code}"
                after = answer.headers.get("retry-after", "")
            if self._clock.monotonic() - started > GIVE_UP_S:
                raise Unavailable(f"{reason}; nothing was imported: start it again")
            self._wait(max(pause, float(after) if after.isdecimal() else 0.0))
            pause = min(2 * pause, LONGEST_WAIT_S)

    def _refused(self, answer: httpx.Response) -> InvalidInput:
        said = " ".join(answer.text.split())[:300]
        hint = f"; expected {self._vendor.key} of the organisation" if answer.status_code in (401, 403) else ""
        return InvalidInput(f"{self._vendor.title} refuses ({answer.status_code}): {said}{hint}")
