"""`Purchases`: the REST API of purchase options as typed Python calls, over a `Client`."""

from trimtab.client import purchases_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/purchases"


class Purchases(Calls):
    """The calls. Errors are those of `Client`."""

    def latest(self, currency: str = "", provider: str = "") -> wire.PurchasePlan:
        """The newest plan, of a currency and provider where they are given."""
        return self._call("GET", f"{_PATH}/plan", wire.PurchasePlan, currency=currency, provider=provider)

    def plan(self, wanted: wire.PlanPurchases) -> wire.PurchasePlan:
        """Make a plan (role write)."""
        return self._call("POST", f"{_PATH}/plan", wire.PurchasePlan, body=wanted)

    def facts(self) -> wire.PurchaseFacts:
        """What people said of purchases."""
        return self._call("GET", f"{_PATH}/facts", wire.PurchaseFacts)

    def rates(self) -> list[wire.CommitmentRate]:
        """Every rate that is known."""
        return self._call("GET", f"{_PATH}/rates", wire.CommitmentRates).rates

    def put_rate(self, rate: wire.PutRate) -> wire.PurchaseFacts:
        """Set an own rate (role write)."""
        return self._call("PUT", f"{_PATH}/rates", wire.PurchaseFacts, body=rate)

    def import_rates(self, text: str) -> wire.PurchaseFacts:
        """Set the rates of a CSV, any provider's (role write)."""
        return self._call("POST", f"{_PATH}/rates", wire.PurchaseFacts, body=wire.ImportRates(text))

    def put_offer(self, offer: wire.PutOffer) -> wire.PurchaseFacts:
        """Set an offer of machines (role write)."""
        return self._call("PUT", f"{_PATH}/offers", wire.PurchaseFacts, body=offer)

    def put_term(self, term: wire.PutTerm) -> wire.PurchaseFacts:
        """Set from when to when a commitment runs (role write)."""
        return self._call("PUT", f"{_PATH}/terms", wire.PurchaseFacts, body=term)

    def remove(self, kind: str, name: str) -> wire.FactRemoved:
        """Remove a rate, offer or term (role write)."""
        return self._call("DELETE", path_of(_PATH, "facts", kind), wire.FactRemoved, name=name)

    def spot(self, asked: wire.AskSpot) -> wire.SpotAdvice:
        """Replay a training job over recorded availability of spot."""
        return self._call("POST", f"{_PATH}/spot", wire.SpotAdvice, body=asked)
