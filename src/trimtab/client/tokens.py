"""`Tokens`: what calls of models used and cost, as typed Python calls over a `Client`.

`start` and `end` are days (end not included); without them the last seven days are meant.
"""

from collections.abc import Sequence

from trimtab.client import tokens_wire as wire
from trimtab.client.api import Client
from trimtab.client.calls import Calls
from trimtab.client.parameters import parameters

_PATH = "/rest/v1/tokens"


class Tokens(Calls):
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client, start: str | None = None, end: str | None = None) -> None:
        super().__init__(client, start=start, end=end)

    def ledger(self, by: str = "tenant", limit: int = 100) -> wire.TokenLedger:
        """Tokens and their cost by a field of calls, the dearest first, with what is billed beside them."""
        return self._call("GET", _PATH, wire.TokenLedger, by=by, limit=limit)

    def calls(self, trace: str = "", limit: int = 100) -> wire.TokenCalls:
        """Calls with their costs; of one trace, step by step."""
        return self._call("GET", f"{_PATH}/calls", wire.TokenCalls, limit=limit, trace=trace)

    def price(self, model: str, vendor: str = "", tier: str = "") -> wire.TokenPrice:
        """The rates of a model now."""
        query = parameters(model=model, vendor=vendor, tier=tier)
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
        return self._call(
            "GET",
            f"{_PATH}/compare",
            wire.TokenComparison,
            vendor=vendor,
            own_hourly=own_hourly,
            own_tokens_per_s=own_tokens_per_s,
            model=models,
            own=own,
            filter=only,
        )

    def send(self, content: bytes) -> wire.CallsTaken:
        """Send what a gateway logged: a JSON array, or an object a line."""
        return self._client.post_bytes(f"{_PATH}/ingest", content, wire.CallsTaken)
