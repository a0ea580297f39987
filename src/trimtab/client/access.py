"""`Access`: groups, service accounts and users as typed Python calls, over a `Client`."""

from trimtab.client import access_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of
from trimtab.client.wire import Key

_ROOT = "/rest/v1/access"


class Access(Calls):
    """The calls about who comes in (role admin). Errors are those of `Client`."""

    def groups(self) -> list[wire.NamedGrant]:
        """Groups, by name."""
        return self._call("GET", f"{_ROOT}/groups", wire.NamedGrants).items

    def put_group(self, name: str, grant: wire.PutGrant) -> wire.NamedGrant:
        """Make a group, or let it give something else."""
        return self._call("PUT", path_of(_ROOT, "groups", name), wire.NamedGrant, body=grant)

    def remove_group(self, name: str) -> wire.NamedGrant:
        """Remove a group."""
        return self._call("DELETE", path_of(_ROOT, "groups", name), wire.NamedGrant)

    def services(self) -> list[wire.NamedGrant]:
        """Service accounts, by name."""
        return self._call("GET", f"{_ROOT}/service-accounts", wire.NamedGrants).items

    def put_service(self, name: str, grant: wire.PutGrant) -> wire.NamedGrant:
        """Make a service account, or let its keys do something else."""
        return self._call("PUT", path_of(_ROOT, "service-accounts", name), wire.NamedGrant, body=grant)

    def remove_service(self, name: str) -> wire.NamedGrant:
        """Remove a service account and revoke its keys."""
        return self._call("DELETE", path_of(_ROOT, "service-accounts", name), wire.NamedGrant)

    def switch_service(self, name: str, *, disabled: bool) -> wire.NamedGrant:
        """Disable or enable a service account."""
        return self._call("POST", path_of(_ROOT, "service-accounts", name, _verb(disabled)), wire.NamedGrant)

    def users(self) -> list[Key]:
        """People, by name."""
        return self._call("GET", f"{_ROOT}/users", wire.UserList).users

    def create_user(self, user: wire.CreateUser) -> Key:
        """Make a user."""
        return self._call("POST", f"{_ROOT}/users", Key, body=user)

    def change_user(self, name: str, rights: wire.UserRights) -> Key:
        """Let a user have other rights."""
        return self._call("PUT", path_of(_ROOT, "users", name), Key, body=rights)

    def set_password(self, name: str, password: str) -> Key:
        """Give a user another password."""
        return self._call("PUT", path_of(_ROOT, "users", name, "password"), Key, body=wire.SetPassword(password))

    def switch_user(self, name: str, *, disabled: bool) -> Key:
        """Disable or enable a user."""
        return self._call("POST", path_of(_ROOT, "users", name, _verb(disabled)), Key)

    def remove_user(self, name: str) -> Key:
        """Remove a user."""
        return self._call("DELETE", path_of(_ROOT, "users", name), Key)

    def refusals(self) -> list[wire.RefusedRequests]:
        """Requests that were refused."""
        return self._call("GET", f"{_ROOT}/refusals", wire.Refusals).refusals

    def lockouts(self) -> list[wire.Lockout]:
        """Who failed to sign in too often."""
        return self._call("GET", f"{_ROOT}/lockouts", wire.Lockouts).lockouts

    def unlock(self, subject: str) -> wire.Done:
        """Let a name or an address try again at once."""
        return self._call("POST", f"{_ROOT}/lockouts/unlock", wire.Done, body=wire.Unlock(subject))

    def me(self) -> wire.Me:
        """Who asks (any role)."""
        return self._call("GET", "/rest/v1/me", wire.Me)

    def act_as(self, group: str) -> wire.Me:
        """Act as one of one's groups (any role)."""
        return self._call("PUT", "/rest/v1/me/group", wire.Me, body=wire.ActAs(group))


def _verb(disabled: bool) -> str:
    return "disable" if disabled else "enable"
