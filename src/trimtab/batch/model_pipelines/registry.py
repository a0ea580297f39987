"""Versions of models: packages of groups, registered by a request or a pipeline's step, and approved by a person."""

import contextlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import Conflict
from trimtab.base.records import replace
from trimtab.batch.containers.telling import Announce
from trimtab.egress.gate import Gate
from trimtab.inventory.served.model import GROUP, PACKAGE, URL_KEY, Served, containers
from trimtab.inventory.served.store import ServedStore

PENDING, APPROVED = "PendingManualApproval", "Approved"
_CHANGED = "SageMaker Model Package State Change"


class ModelRegistry(Struct, frozen=True):
    """Registers packages. `gate` says where models may listen, `announce` puts events on the bus."""

    served: ServedStore
    gate: Gate
    announce: Announce

    async def register(
        self, place: tuple[str, str], asked: Mapping[str, Any], tagged: Mapping[str, str] | None = None
    ) -> Served:
        """Make a package: named, or the next version of its group, which is made with its first. Raises Conflict,
        InvalidInput for a place where it may not listen."""
        group = str(asked.get("ModelPackageGroupName") or "").rpartition("/")[2]
        name = str(asked.get("ModelPackageName") or "")
        # A package is listened to where its container says, as a model is.
        form = {**asked, "Containers": list((asked.get("InferenceSpecification") or {}).get("Containers") or ())}
        await self.admit(form, f"model package {group or name}")
        form.setdefault("ModelApprovalStatus", PENDING if group else APPROVED)
        if group:
            with contextlib.suppress(Conflict):  # it is there, as it should be
                await self.served.create(place, GROUP, group, {"ModelPackageGroupName": group}, "Completed")
            version = 1 + max((int(one.form["Version"]) for one in await self.versions(place, group)), default=0)
            form |= {"Group": group, "Version": version}
            name = f"{group}/{version}"
        made = await self.served.create(place, PACKAGE, name.lower(), form, "Completed", tagged)
        await self.tell(made)
        return made

    async def edit(self, one: Served, edited: Mapping[str, Any]) -> Served:
        """Change what is said of a package, such as its approval; None takes a member away."""

        def update(kept: Served) -> Served:
            form = {**kept.form, **edited}
            return replace(kept, form={name: value for name, value in form.items() if value is not None})

        made = await self.served.edit(one, update)
        await self.tell(made)
        return made

    async def versions(self, place: tuple[str, str], group: str) -> list[Served]:
        """The packages of a group."""
        account, region = place
        every = await self.served.listed(Scope.of(account, region), PACKAGE)
        return [one for one in every if one.form.get("Group") == group]

    async def admit(self, form: Mapping[str, Any], what: str) -> None:
        """Whether a model may listen where its containers say. Raises InvalidInput."""
        for one in containers(form):
            for key, value in (one.get("Environment") or {}).items():
                if key.startswith(URL_KEY):
                    await self.gate.admit(str(value), what)

    async def tell(self, one: Served) -> None:
        """Put the state of a package on the bus, as the service does: a rule on an approval deploys."""
        detail = {
            "ModelPackageGroupName": one.form.get("Group", ""),
            "ModelPackageVersion": one.form.get("Version"),
            "ModelPackageName": one.name,
            "ModelPackageArn": one.arn,
            "CreationTime": one.created_ms,
            "ModelPackageStatus": one.status,
            "ModelApprovalStatus": one.form.get("ModelApprovalStatus", PENDING),
        }
        await self.announce((one.account, one.region), _CHANGED, one.arn, detail)
