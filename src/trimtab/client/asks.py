"""`Asks`: what owners were asked as typed Python calls, over a `Client`."""

from trimtab.client import asks_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/asked"


class Asks(Calls):
    """The calls about what owners were asked. Errors are those of `Client`."""

    def listed(self, owner: str = "", *, only_open: bool = False) -> list[wire.Asked]:
        """What was asked of an owner ("": of all), the newest first."""
        return self._call("GET", _PATH, wire.AskedList, owner=owner, open=only_open or None).asked

    def answer(self, id_: str, answer: wire.AnswerName) -> wire.Asked:
        """Answer for an owner (role write)."""
        return self._call("POST", path_of(_PATH, id_, "answer"), wire.Asked, body=wire.GiveAnswer(answer))

    def decide(self, id_: str, *, approve: bool) -> wire.Asked:
        """Approve a stop that an owner asked for, or refuse it (role write)."""
        return self._call("POST", path_of(_PATH, id_, "stop"), wire.Asked, body=wire.DecideStop(approve))
