"""`Accounts`: connected AWS accounts as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import accounts_wire as wire
from trimtab.client.api import Client

_ROOT = "/rest/v1/aws-accounts"


class Accounts:
    """The calls about connected accounts. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> list[wire.ConnectedAccount]:
        """Every account."""
        return self._client.call("GET", _ROOT, wire.ConnectedAccounts).accounts

    def one(self, account: str) -> wire.ConnectedAccount:
        """One account."""
        return self._client.call("GET", f"{_ROOT}/{quote(account, safe='')}", wire.ConnectedAccount)

    def connect(self, body: wire.ConnectAccount) -> wire.ConnectedAccount:
        """Connect an account and begin to read it (role admin)."""
        return self._client.call("POST", _ROOT, wire.ConnectedAccount, body=body)

    def read(self, account: str) -> wire.ConnectedAccount:
        """Begin to read an account now (role admin)."""
        return self._client.call("POST", f"{_ROOT}/{quote(account, safe='')}/reads", wire.ConnectedAccount)

    def disconnect(self, account: str) -> None:
        """Forget an account and the resources that were found in it (role admin)."""
        self._client.call("DELETE", f"{_ROOT}/{quote(account, safe='')}", wire.ConnectedAccounts)

    def plan(self, body: wire.ConnectAccount) -> wire.AccountPlan:
        """What a read would do (role admin)."""
        return self._client.call("POST", "/rest/v1/aws-plan", wire.AccountPlan, body=body)

    def policy(self) -> wire.AccountPolicy:
        """The IAM policy that a read needs."""
        return self._client.call("GET", "/rest/v1/aws-policy", wire.AccountPolicy)
