"""Forgetting an account, a team or a user: typed calls over a `Client`. Errors are those of `Client`."""

from trimtab.client import forget_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/forget"


def ask(client: Client, owner: wire.ForgetOwner) -> wire.ForgetAnswer:
    """What would go; with `owner.yes` it is asked for (role admin, over everything), and the server starts anew."""
    return client.call("POST", _PATH, wire.ForgetAnswer, body=owner)


def requests(client: Client) -> list[wire.ForgetRequest]:
    """What was asked for and how far it is (role admin, over everything)."""
    return client.call("GET", _PATH, wire.ForgetList).requests
