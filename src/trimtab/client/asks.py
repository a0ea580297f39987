"""`Asks`: what owners were asked as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import asks_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/asked"


class Asks:
    """The calls about what owners were asked. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def listed(self, owner: str = "", *, only_open: bool = False) -> list[wire.Asked]:
        """What was asked of an owner ("": of all), the newest first."""
        query = [("owner", owner)] * bool(owner) + [("open", "true")] * only_open
        return self._client.call("GET", _PATH, wire.AskedList, query=query).asked

    def answer(self, id_: str, answer: wire.AnswerName) -> wire.Asked:
        """Answer for an owner (role write)."""
        body = wire.GiveAnswer(answer)
        return self._client.call("POST", f"{_PATH}/{quote(id_, safe='')}/answer", wire.Asked, body=body)

    def decide(self, id_: str, *, approve: bool) -> wire.Asked:
        """Approve a stop that an owner asked for, or refuse it (role write)."""
        body = wire.DecideStop(approve)
        return self._client.call("POST", f"{_PATH}/{quote(id_, safe='')}/stop", wire.Asked, body=body)
