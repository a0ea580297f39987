"""Quotas as Service Quotas has them: of an AWS account that is read, and of the GPUs of teams of own clusters.

A cluster with quotas is a service of its own, `cluster-<name>`, whose quotas are `gpus-<team>`: GPUs at once.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.partitions import partition_of
from trimtab.inventory.resources import Resource, ResourceStore
from trimtab.inventory.runs.model import Condition
from trimtab.inventory.runs.nodes import NodeStore
from trimtab.inventory.runs.quotas import InForce, QuotaStore

KIND = "servicequotas:quota"
_NO_CODE = re.compile(r"[^a-zA-Z0-9]+")


class ServiceQuota(Struct, frozen=True, kw_only=True):
    """A quota of a service. `default` is None where AWS was not asked, or where there is none; `seen_ms` is when the
    value was read, or since when it holds. `metric`: what counts against it (names as AWS's), {} where nothing does.
    """

    service: str
    service_name: str
    code: str
    name: str
    arn: str
    value: float
    seen_ms: int
    default: float | None = None
    unit: str = "None"
    adjustable: bool = False
    everywhere: bool = False
    metric: Mapping[str, Any] = {}


class ServiceQuotas(Struct, frozen=True):
    """Reads quotas over the inventory."""

    resources: ResourceStore
    quotas: QuotaStore
    nodes: NodeStore
    region: str
    """Where clusters are."""

    async def listed(self, scope: Scope, place: tuple[str, str]) -> list[ServiceQuota]:
        """Every quota of an (account, region), by service and name."""
        account, region = place
        found = [
            _of_account(one)
            for one in await self.resources.of_type(scope, KIND)
            if (one.ref.account, one.ref.region) == place and one.attributes.get("Value") is not None
        ]
        if region == self.region:
            for quotas in await self.quotas.listed(scope):
                if quotas.account == account and quotas.to_ms is None:
                    found += await self._of_cluster(scope, quotas, region)
        return sorted(found, key=lambda one: (one.service, one.name, one.code))

    async def _of_cluster(self, scope: Scope, quotas: InForce, region: str) -> list[ServiceQuota]:
        nodes = await self.nodes.all(scope, quotas.cluster)
        mine = [one for one in nodes if one.account == quotas.account and one.condition is not Condition.POWERED_DOWN]
        gpus = sum(one.gpus for one in mine)
        service = f"cluster-{coded(quotas.cluster)}"
        return [
            ServiceQuota(
                service=service,
                service_name=f"Cluster {quotas.cluster}",
                code=f"gpus-{coded(one.team)}",
                name=f"GPUs of team {one.team}",
                arn=f"arn:{partition_of(region)}:servicequotas:{region}:{quotas.account}:{service}/gpus-{coded(one.team)}",
                value=one.gpus if one.gpus is not None else (one.share or 0.0) * gpus,
                seen_ms=quotas.from_ms,
                adjustable=True,
            )
            for one in quotas.quotas
        ]


def coded(text: str) -> str:
    """A name as codes of services and quotas are: letters, digits and dashes."""
    return _NO_CODE.sub("-", text).strip("-")[:50] or "unnamed"


def _of_account(one: Resource) -> ServiceQuota:
    facts = one.attributes
    service, code = str(facts.get("ServiceCode", one.type)), str(facts.get("QuotaCode", one.ref.id))
    default = facts.get("DefaultValue")
    return ServiceQuota(
        service=service,
        service_name=str(facts.get("ServiceName") or service),
        code=code,
        name=str(facts.get("QuotaName") or one.name),
        arn=f"arn:{partition_of(one.ref.region)}:servicequotas:{one.ref.region}:{one.ref.account}:{service}/{code}",
        value=float(facts["Value"]),
        seen_ms=one.seen_ms,
        default=None if default is None else float(default),
        unit=str(facts.get("Unit") or "None"),
        adjustable=bool(facts.get("Adjustable")),
        everywhere=bool(facts.get("GlobalQuota")),
        metric=facts.get("UsageMetric") or {},
    )
