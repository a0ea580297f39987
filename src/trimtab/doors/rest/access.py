"""`/rest/v1/access/…` and `/rest/v1/me`: groups, service accounts and users (role admin); and who asks, as what."""

from typing import Any

from trimtab.access.grant import Grant, rules_of, tags_of, teams_of
from trimtab.access.grants import GrantStore
from trimtab.access.key import KeyInfo
from trimtab.access.principal import Principal, Role
from trimtab.access.refusals import Refusal
from trimtab.access.room import AccessRoom
from trimtab.base import typed
from trimtab.base.errors import AccessDenied, Conflict
from trimtab.client import access_wire as wire
from trimtab.client.wire import Key
from trimtab.doors.rest.spec import Call, Operation

ROOT, ME = "/rest/v1/access", "/rest/v1/me"
_TAG = "access"
_ADMIN: dict[str, Any] = {"role": Role.ADMIN, "tag": _TAG, "bound": True}
_ONE: dict[str, Any] = {"errors": (403, 404, 409), "path_parameters": {"name": "The name, as listed."}, **_ADMIN}
# The clauses of each operation stand in one or two lines, so that the table can be read.
# fmt: off


def operations(room: AccessRoom) -> list[Operation]:
    """The operations."""
    services = _grants(room.services, "service-accounts", "service account")
    named = [*_grants(room.groups, "groups", "group"), *services, *_switches(room.services)]
    return [*named, *_users(room), *_lockouts(room), *_me(room)]


def _grants(store: GrantStore, words: str, word: str) -> list[Operation]:
    """List, put and remove groups, or service accounts."""

    async def listed(call: Call[Any, None]) -> wire.NamedGrants:
        found = await store.listed(Grant.of(call.principal))
        return wire.NamedGrants([typed.convert(one, wire.NamedGrant, from_attributes=True) for one in found])

    async def put(call: Call[Any, wire.PutGrant]) -> wire.NamedGrant:
        mine = Grant.of(call.principal)
        given = mine.handed_on(Role(call.body.role), call.body.account, rules_of(call.body.teams, call.body.tags))
        return _named(await store.put(call.path["name"], given, mine))

    async def remove(call: Call[Any, None]) -> wire.NamedGrant:
        return _named(await store.remove(call.path["name"], Grant.of(call.principal)))

    path = f"{ROOT}/{words}"
    return [
        Operation("GET", path, f"list {word}s", f"The {word}s that give no more than the caller has.",
                  listed, wire.NamedGrants, **_ADMIN),
        Operation("PUT", f"{path}/{{name}}", f"put {word}", f"Create a {word}, or change its role and binding.", put,
                  wire.NamedGrant, body=wire.PutGrant, **_ONE),
        Operation("DELETE", f"{path}/{{name}}", f"remove {word}", f"Remove a {word}, and what it gave to whom.",
                  remove, wire.NamedGrant, **_ONE),
    ]


def _switches(store: GrantStore) -> list[Operation]:
    async def disable(call: Call[Any, None]) -> wire.NamedGrant:
        return _named(await store.set_disabled(call.path["name"], Grant.of(call.principal), disabled=True))

    async def enable(call: Call[Any, None]) -> wire.NamedGrant:
        return _named(await store.set_disabled(call.path["name"], Grant.of(call.principal), disabled=False))

    path = f"{ROOT}/service-accounts/{{name}}"
    return [
        Operation("POST", f"{path}/disable", "disable service account", "Its keys stop working until it is enabled.",
                  disable, wire.NamedGrant, **_ONE),
        Operation("POST", f"{path}/enable", "enable service account", "Its keys work again.",
                  enable, wire.NamedGrant, **_ONE),
    ]


def _users(room: AccessRoom) -> list[Operation]:
    async def listed(call: Call[Any, None]) -> wire.UserList:
        return wire.UserList([_key(one) for one in await room.people.listed(Grant.of(call.principal))])

    async def create(call: Call[Any, wire.CreateUser]) -> Key:
        own, mine = _own(call.principal, call.body), Grant.of(call.principal)
        return _key(await room.people.create(call.body.name, call.body.password, own, call.body.groups, mine))

    async def change(call: Call[Any, wire.UserRights]) -> Key:
        own, mine = _own(call.principal, call.body), Grant.of(call.principal)
        return _key(await room.people.change(call.path["name"], own, call.body.groups, mine))

    async def password(call: Call[Any, wire.SetPassword]) -> Key:
        return _key(await room.people.set_password(call.path["name"], call.body.password, Grant.of(call.principal)))

    async def disable(call: Call[Any, None]) -> Key:
        return _key(await room.people.set_disabled(call.path["name"], Grant.of(call.principal), disabled=True))

    async def enable(call: Call[Any, None]) -> Key:
        return _key(await room.people.set_disabled(call.path["name"], Grant.of(call.principal), disabled=False))

    async def remove(call: Call[Any, None]) -> Key:
        return _key(await room.people.remove(call.path["name"], Grant.of(call.principal)))

    path = f"{ROOT}/users"
    return [
        Operation("GET", path, "list users", "People who can be no more than the caller.",
                  listed, wire.UserList, **_ADMIN),
        Operation("POST", path, "create user", "Make a user, who signs in with a name and a password.",
                  create, Key, body=wire.CreateUser, status=201, errors=(403, 404, 409), **_ADMIN),
        Operation("PUT", f"{path}/{{name}}", "change user", "Replace a user's groups and role.",
                  change, Key, body=wire.UserRights, **_ONE),
        Operation("PUT", f"{path}/{{name}}/password", "set password", "Give a user another password; sessions end.",
                  password, Key, body=wire.SetPassword, **_ONE),
        Operation("POST", f"{path}/{{name}}/disable", "disable user", "Sessions end, and sign-in is refused.",
                  disable, Key, **_ONE),
        Operation("POST", f"{path}/{{name}}/enable", "enable user", "Sign-in works again.", enable, Key, **_ONE),
        Operation("DELETE", f"{path}/{{name}}", "remove user", "Remove a user.", remove, Key, **_ONE),
    ]


def _lockouts(room: AccessRoom) -> list[Operation]:
    async def listed(call: Call[Any, None]) -> wire.Lockouts:
        _whole(call.principal)
        found = await room.lockout.locked()
        return wire.Lockouts([typed.convert(one, wire.Lockout, from_attributes=True) for one in found])

    async def unlock(call: Call[Any, wire.Unlock]) -> wire.Done:
        _whole(call.principal)
        await room.lockout.unlock(call.body.subject)
        return wire.Done()

    async def refused(call: Call[Any, None]) -> wire.Refusals:
        _whole(call.principal)
        return wire.Refusals([_refused(one) for one in await room.refusals.listed()])

    return [
        Operation("GET", f"{ROOT}/refusals", "list refusals", "Requests that were refused (401, 403), counted.",
                  refused, wire.Refusals, errors=(403,), **_ADMIN),
        Operation("GET", f"{ROOT}/lockouts", "list lockouts", "Names and addresses that failed to sign in too often.",
                  listed, wire.Lockouts, errors=(403,), **_ADMIN),
        Operation("POST", f"{ROOT}/lockouts/unlock", "unlock", "Let a name or an address try again at once.",
                  unlock, wire.Done, body=wire.Unlock, errors=(403, 404), **_ADMIN),
    ]


def _me(room: AccessRoom) -> list[Operation]:
    async def me(call: Call[Any, None]) -> wire.Me:
        return _told(call.principal, call.principal.group, Grant.of(call.principal))

    async def act_as(call: Call[Any, wire.ActAs]) -> wire.Me:
        acting = await room.people.act_as(_person(call.principal), call.body.group)
        return _told(call.principal, acting.group, acting.grant)

    async def password(call: Call[Any, wire.ChangePassword]) -> wire.Done:
        await room.people.change_password(_person(call.principal), call.body.old, call.body.password)
        return wire.Done()

    anybody: dict[str, Any] = {"role": Role.FINANCE, "tag": _TAG, "bound": True}
    return [
        Operation("GET", ME, "get me", "Who asks, and as what.", me, wire.Me, **anybody),
        Operation("PUT", f"{ME}/group", "act as group", "Act as one of one's groups, in every session.",
                  act_as, wire.Me, body=wire.ActAs, errors=(409,), **anybody),
        Operation("PUT", f"{ME}/password", "change password", "Change one's own password; sessions end.",
                  password, wire.Done, body=wire.ChangePassword, errors=(409,), **anybody),
    ]


# fmt: on
def _own(principal: Principal, rights: wire.UserRights) -> Grant | None:
    if rights.role is None:
        if rights.account or rights.teams or rights.tags:
            raise Conflict("cannot bind a user without a role of their own: give a role, or bind the groups")
        return None
    rows = rules_of(rights.teams, rights.tags)
    return Grant.of(principal).handed_on(Role(rights.role), rights.account, rows)


def _whole(principal: Principal) -> None:
    if not principal.sees_all:
        raise AccessDenied(f"cannot see who is refused: you have {Grant.of(principal)}; expected all")


def _refused(one: Refusal) -> wire.RefusedRequests:
    return wire.RefusedRequests(
        door=one.refused.door,
        status=one.refused.status,
        who=one.refused.who,
        address=one.refused.address,
        path=one.path,
        first_ms=one.first_ms,
        last_ms=one.last_ms,
        count=one.count,
    )


def _person(principal: Principal) -> str:
    if not principal.id:
        raise Conflict("cannot do that without a credential: nobody in particular asks")
    return principal.id


def _told(principal: Principal, group: str, grant: Grant) -> wire.Me:
    return wire.Me(
        id=principal.id,
        name=principal.name,
        role=grant.role.value,
        account=grant.account,
        teams=teams_of(grant.rows),
        tags=tags_of(grant.rows),
        groups=list(principal.groups),
        group=group,
    )


def _named(grant: object) -> wire.NamedGrant:
    return typed.convert(grant, wire.NamedGrant, from_attributes=True)


def _key(info: KeyInfo) -> Key:
    return typed.convert(info, Key, from_attributes=True)
