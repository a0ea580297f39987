"""`Tokens`: what calls of models used and cost, as typed Python calls over a `Client`.

`start` and `end` are days (end not included); without them the last seven days are meant.
"""

from collections.abc import Sequence

from trimtab.client import tokens_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/tokens"


class Tokens:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client, start: str | None = None, end: str | None = None) -> None:
        self._client = client
        self._query = [(name, value) for name, value in (("start", start), ("end", end)) if value]

    def ledger(self, by: str = "tenant", limit: int = 100) -> wire.TokenLedger:
        """Tokens and their cost by a field of calls, the dearest first, with what is billed beside them."""
        query = [*self._query, ("by", by), ("limit", str(limit))]
        return self._client.call("GET", _PATH, wire.TokenLedger, query=query)

    def calls(self, trace: str = "", limit: int = 100) -> wire.TokenCalls:
        """Calls with their costs; of one trace, step by step."""
        query = [*self._query, ("limit", str(limit)), *([("trace", trace)] if trace else [])]
        return self._client.call("GET", f"{_PATH}/calls", wire.TokenCalls, query=query)

    def price(self, model: str, vendor: str = "", tier: str = "") -> wire.TokenPrice:
        """The rates of a model now."""
        query = [("model", model), *((name, value) for name, value in (("vendor", vendor), ("tier", tier)) if value)]
        return self._client.call("GET", f"{_PATH}/price", wire.TokenPrice, query=query)

    def compare(
        self,
        models: Sequence[str] = (),
        *,
        vendor: str = "",
        own: Sequence[str] = (),
        only: Sequence[str] = (),
        own_hourly: str = "",
        own_tokens_per_s: float | None = None,
    ) -> wire.TokenComparison:
        """What the calls would have cost on other models, cached, by batch, and on own GPUs; `only` are FIELD=VALUE."""
        speed = "" if own_tokens_per_s is None else repr(own_tokens_per_s)
        given = {"vendor": vendor, "own_hourly": own_hourly, "own_tokens_per_s": speed}
        many = (("model", models), ("own", own), ("filter", only))
        query = [*self._query, *((name, value) for name, value in given.items() if value),
                 *((name, value) for name, values in many for value in values)]  # fmt: skip
        return self._client.call("GET", f"{_PATH}/compare", wire.TokenComparison, query=query)

    def send(self, content: bytes) -> wire.CallsTaken:
        """Send what a gateway logged: a JSON array, or an object a line."""
        return self._client.post_bytes(f"{_PATH}/ingest", content, wire.CallsTaken)
