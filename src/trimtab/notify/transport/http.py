"""Notifications over HTTP: sent once, and what came of it."""

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.egress.gate import Gate
from trimtab.egress.http import HttpClient, HttpOptions
from trimtab.egress.request import Answered, Outgoing
from trimtab.notify.compose.request import judge
from trimtab.notify.model import Outcome, Verdict


class HttpTransport:
    """Sends requests. Each has a connection of its own: notifications are few."""

    def __init__(self, gate: Gate, options: HttpOptions | None = None) -> None:
        self._client = HttpClient(gate, options or HttpOptions())

    def send(self, outgoing: Outgoing) -> Verdict:
        """Send it once. Never raises for what a receiver or the network does: the verdict says it."""
        try:
            return judge(self.ask(outgoing))
        except InvalidInput as problem:
            return Verdict(Outcome.FAILED, str(problem))
        except Unavailable as problem:
            return Verdict(Outcome.RETRY, str(problem))

    def ask(self, outgoing: Outgoing) -> Answered:
        """Send it once and return what was answered, whatever its status. Raises InvalidInput for an address that is
        not sent to, Unavailable where no whole answer came."""
        return self._client.ask(outgoing)
