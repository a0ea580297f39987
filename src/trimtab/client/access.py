"""`Access`: groups, service accounts and users as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import access_wire as wire
from trimtab.client.api import Client
from trimtab.client.wire import Key

_ROOT = "/rest/v1/access"


class Access:
    """The calls about who comes in (role admin). Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def groups(self) -> list[wire.NamedGrant]:
        """Groups, by name."""
        return self._client.call("GET", f"{_ROOT}/groups", wire.NamedGrants).items

    def put_group(self, name: str, grant: wire.PutGrant) -> wire.NamedGrant:
        """Make a group, or let it give something else."""
        return self._client.call("PUT", _path("groups", name), wire.NamedGrant, body=grant)

    def remove_group(self, name: str) -> wire.NamedGrant:
        """Remove a group."""
        return self._client.call("DELETE", _path("groups", name), wire.NamedGrant)

    def services(self) -> list[wire.NamedGrant]:
        """Service accounts, by name."""
        return self._client.call("GET", f"{_ROOT}/service-accounts", wire.NamedGrants).items

    def put_service(self, name: str, grant: wire.PutGrant) -> wire.NamedGrant:
        """Make a service account, or let its keys do something else."""
        return self._client.call("PUT", _path("service-accounts", name), wire.NamedGrant, body=grant)

    def remove_service(self, name: str) -> wire.NamedGrant:
        """Remove a service account and revoke its keys."""
        return self._client.call("DELETE", _path("service-accounts", name), wire.NamedGrant)

    def switch_service(self, name: str, *, disabled: bool) -> wire.NamedGrant:
        """Disable or enable a service account."""
        return self._client.call("POST", _path("service-accounts", name, _verb(disabled)), wire.NamedGrant)

    def users(self) -> list[Key]:
        """People, by name."""
        return self._client.call("GET", f"{_ROOT}/users", wire.UserList).users

    def create_user(self, user: wire.CreateUser) -> Key:
        """Make a user."""
        return self._client.call("POST", f"{_ROOT}/users", Key, body=user)

    def change_user(self, name: str, rights: wire.UserRights) -> Key:
        """Let a user have other rights."""
        return self._client.call("PUT", _path("users", name), Key, body=rights)

    def set_password(self, name: str, password: str) -> Key:
        """Give a user another password."""
        return self._client.call("PUT", _path("users", name, "password"), Key, body=wire.SetPassword(password))

    def switch_user(self, name: str, *, disabled: bool) -> Key:
        """Disable or enable a user."""
        return self._client.call("POST", _path("users", name, _verb(disabled)), Key)

    def remove_user(self, name: str) -> Key:
        """Remove a user."""
        return self._client.call("DELETE", _path("users", name), Key)

    def refusals(self) -> list[wire.RefusedRequests]:
        """Requests that were refused."""
        return self._client.call("GET", f"{_ROOT}/refusals", wire.Refusals).refusals

    def lockouts(self) -> list[wire.Lockout]:
        """Who failed to sign in too often."""
        return self._client.call("GET", f"{_ROOT}/lockouts", wire.Lockouts).lockouts

    def unlock(self, subject: str) -> wire.Done:
        """Let a name or an address try again at once."""
        return self._client.call("POST", f"{_ROOT}/lockouts/unlock", wire.Done, body=wire.Unlock(subject))

    def me(self) -> wire.Me:
        """Who asks (any role)."""
        return self._client.call("GET", "/rest/v1/me", wire.Me)

    def act_as(self, group: str) -> wire.Me:
        """Act as one of one's groups (any role)."""
        return self._client.call("PUT", "/rest/v1/me/group", wire.Me, body=wire.ActAs(group))


def _path(*parts: str) -> str:
    return "/".join((_ROOT, *(quote(part, safe="") for part in parts)))


def _verb(disabled: bool) -> str:
    return "disable" if disabled else "enable"
