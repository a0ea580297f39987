"""QuickSight's users and groups beside keys and teams: a user is the reader of that name, a group is a team.

A user stands for the key (or the person who signs in) of the same name; a group in the namespace `default` is the team
of that name, of which rules of datasets' rows speak. Nothing here lets anybody in: keys do.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.key import LIVE, KeyInfo
from trimtab.access.keys import KeyStore
from trimtab.access.principal import Principal
from trimtab.base.errors import AccessDenied
from trimtab.reports.datasets.teams import ReaderTeams
from trimtab.reports.quicksight.model import MEMBER, Resource
from trimtab.reports.quicksight.store import ResourceStore

NAMESPACE = "default"


class People(Struct, frozen=True):
    """Users and groups of QuickSight."""

    store: ResourceStore
    keys: KeyStore
    teams: ReaderTeams

    async def key_of(self, user: Resource, keys: Sequence[KeyInfo] | None = None) -> KeyInfo | None:
        """The live key that a user stands for: of the same name, for its account or for every one."""
        listed = await self.keys.list() if keys is None else keys
        own = user.place.account
        fits = (one for one in listed if one.name == user.name and one.state == LIVE)
        return next((one for one in fits if one.account in (None, own)), None)

    async def join(self, principal: Principal, group: Resource, user: Resource) -> None:
        """Put a user into a group, and the reader into the team. Raises AccessDenied, InvalidInput."""
        await self._allow(principal, user)
        member = Resource(user.place, MEMBER, user.name, parent=f"{group.parent}/{group.name}")
        if await self.store.find(user.place, MEMBER, user.name, member.parent) is None:
            await self.store.create(member)
        await self.teams.move(user.name, joins=[group.name])

    async def leave(self, principal: Principal, user: Resource) -> None:
        """Take a user out of every group, and the reader out of these teams. Raises AccessDenied."""
        member_of = [
            one for one in await self.store.listed(user.place, MEMBER, parent=None)
            if one.name == user.name and one.parent.startswith(f"{user.parent}/")
        ]  # fmt: skip
        if not member_of:
            return
        await self._allow(principal, user)
        left = {one.parent.partition("/")[2] for one in member_of}
        await self.teams.move(user.name, leaves=left)
        for one in member_of:
            await self.store.delete(one)

    async def _allow(self, principal: Principal, user: Resource) -> None:
        """Teams are the whole installation's: a caller of one account changes those of its own readers only."""
        if principal.account is None:
            return
        named = [one for one in await self.keys.list() if one.name == user.name and one.state == LIVE]
        if not named or any(one.account != principal.account for one in named):
            raise AccessDenied(
                f"cannot change teams of {user.name!r}: a key of account {principal.account} changes only those of "
                f"readers whose keys are all of that account"
            )


def user_document(user: Resource, key: KeyInfo | None) -> dict[str, Any]:
    """A user as QuickSight tells of it: active where there is a key of that name."""
    told = {"Email": user.form["Email"], "Role": user.form["UserRole"], "IdentityType": user.form["IdentityType"]}
    principal = f"key/{key.id}" if key else f"user/{user.parent}/{user.name}"
    return {"Arn": user.arn, "UserName": user.name, **told, "Active": key is not None, "PrincipalId": principal}


def group_document(group: Resource) -> dict[str, Any]:
    """A group as QuickSight tells of it."""
    about = {"Description": group.form["Description"]} if group.form.get("Description") else {}
    return {"Arn": group.arn, "GroupName": group.name, **about, "PrincipalId": f"team/{group.name}"}
