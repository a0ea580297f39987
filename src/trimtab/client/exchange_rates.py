"""`ExchangeRates`: rates of currencies as typed Python calls, over a `Client`."""

from pathlib import Path

from trimtab.client import exchange_rates_wire as wire
from trimtab.client.calls import Calls

_PATH = "/rest/v1/costs/rates"


class ExchangeRates(Calls):
    """The calls about exchange rates. Errors are those of `Client`."""

    def listed(self, day: str = "", currency: str = "", limit: int = 100) -> wire.RateList:
        """The sources, and the newest rates: of one day or currency where given."""
        return self._call("GET", _PATH, wire.RateList, limit=limit, day=day, currency=currency)

    def put(self, source: str, csv: str) -> wire.RateSource:
        """Take in rates as CSV under the name of their source (role admin)."""
        return self._call("POST", _PATH, wire.RateSource, body=wire.ImportRates(source, csv))

    def put_file(self, source: str, file: Path) -> wire.RateSource:
        """Take in a file (role admin)."""
        return self.put(source, file.read_text(encoding="utf-8-sig"))

    def remove(self, source: str) -> int:
        """Take a source out (role admin); returns how many rates went."""
        return self._call("DELETE", _PATH, wire.RemovedRates, source=source).rates
