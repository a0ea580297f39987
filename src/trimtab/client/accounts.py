"""`Accounts`: connected AWS accounts as typed Python calls, over a `Client`."""

from trimtab.client import accounts_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_ROOT = "/rest/v1/aws-accounts"


class Accounts(Calls):
    """The calls about connected accounts. Errors are those of `Client`."""

    def all(self) -> list[wire.ConnectedAccount]:
        """Every account."""
        return self._call("GET", _ROOT, wire.ConnectedAccounts).accounts

    def one(self, account: str) -> wire.ConnectedAccount:
        """One account."""
        return self._call("GET", path_of(_ROOT, account), wire.ConnectedAccount)

    def connect(self, body: wire.ConnectAccount) -> wire.ConnectedAccount:
        """Connect an account and begin to read it (role admin)."""
        return self._call("POST", _ROOT, wire.ConnectedAccount, body=body)

    def read(self, account: str) -> wire.ConnectedAccount:
        """Begin to read an account now (role admin)."""
        return self._call("POST", path_of(_ROOT, account, "reads"), wire.ConnectedAccount)

    def disconnect(self, account: str) -> None:
        """Forget an account and the resources that were found in it (role admin)."""
        self._call("DELETE", path_of(_ROOT, account), wire.ConnectedAccounts)

    def plan(self, body: wire.ConnectAccount) -> wire.AccountPlan:
        """What a read would do (role admin)."""
        return self._call("POST", "/rest/v1/aws-plan", wire.AccountPlan, body=body)

    def policy(self) -> wire.AccountPolicy:
        """The IAM policy that a read needs."""
        return self._call("GET", "/rest/v1/aws-policy", wire.AccountPolicy)
