"""`/rest/v1/inventory` and `/rest/v1/nodes`: what there is, from files and connectors (role write to tell of it)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, InvalidInput
from trimtab.client import inventory_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.inventory.resolver import ResourceRef, parse_arn
from trimtab.inventory.resources import Resource
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.rules import LOCAL
from trimtab.inventory.runs.model import Condition, Node

_RESOURCES, _NODES, _TAG = "/rest/v1/inventory", "/rest/v1/nodes", "inventory"


class ResourcesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which resources."""

    kind: Annotated[str, Meta(max_length=64, description="Of this kind only: instance, host, volume, …")] = ""
    text: Annotated[str, Meta(max_length=256, description="Words of path, name, owner, type or tags.")] = ""
    limit: Annotated[int, Meta(ge=1, le=5000, description="How many at most.")] = 1000
    after: Annotated[str, Meta(max_length=1024, description="`next` of the page before.")] = ""


class NodesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which nodes."""

    cluster: Annotated[str, Meta(max_length=128, description="Of this cluster only.")] = ""


class Place(Struct, frozen=True):
    """Where things are whose sender does not say: the server's own account and region."""

    account: str
    region: str

    def account_of(self, call: Call[Any, Any], named: str) -> str:
        """The account of what a caller reports. Raises AccessDenied for one that is not theirs."""
        own = call.principal.account
        if own is not None and named not in ("", own):
            raise AccessDenied(f"cannot report for account {named}: {call.principal.name!r} is bound to {own}")
        return named or own or self.account


def operations(room: InventoryRoom, clock: Clock, place: Place) -> list[Operation]:
    """The operations on resources and nodes."""
    return [*_resources(room, clock, place), *_nodes(room, clock, place)]


def _resources(room: InventoryRoom, clock: Clock, place: Place) -> list[Operation]:
    async def put(call: Call[Any, wire.ReportResources]) -> wire.ResourcesTaken:
        origin = call.body.origin or call.principal.name
        found = [_resource(call, one, place, origin) for one in call.body.resources]
        return wire.ResourcesTaken(await room.resources.put(found, clock.now_ms()))

    async def listed(call: Call[ResourcesQuery, None]) -> wire.ResourcePage:
        query = call.query
        found = await room.resources.listed(
            call.principal.scope, kind=query.kind, text=query.text, limit=query.limit + 1, after=query.after
        )
        shown = found[: query.limit]
        more = shown[-1].ref.path if len(found) > len(shown) else None
        return wire.ResourcePage([_resource_on_wire(one) for one in shown], more)

    return [
        Operation(
            "GET",
            _RESOURCES,
            "list resources",
            "What there is, with owner and tags, by path.",
            listed,
            wire.ResourcePage,
            query=ResourcesQuery,
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "POST",
            _RESOURCES,
            "report resources",
            "Add or replace resources by their paths.",
            put,
            wire.ResourcesTaken,
            body=wire.ReportResources,
            role=Role.WRITE,
            tag=_TAG,
        ),
    ]


def _nodes(room: InventoryRoom, clock: Clock, place: Place) -> list[Operation]:
    async def put(call: Call[Any, wire.ReportNodes]) -> wire.NodesTaken:
        body = call.body
        account = place.account_of(call, body.account)
        nodes = [_node(account, body.cluster, one) for one in body.nodes]
        whole = frozenset({(account, body.cluster)}) if body.whole else frozenset()
        now_ms = clock.now_ms()
        seen_ms = now_ms if body.seen_ms is None else min(body.seen_ms, now_ms)
        changed = await room.nodes.put(nodes, seen_ms, whole)
        return wire.NodesTaken(len(nodes), changed)

    async def listed(call: Call[NodesQuery, None]) -> wire.ClusterNodes:
        found = await room.nodes.all(call.principal.scope, call.query.cluster)
        return wire.ClusterNodes([typed.convert(one, wire.ClusterNode, from_attributes=True) for one in found])

    return [
        Operation(
            "GET",
            _NODES,
            "list nodes",
            "The nodes of clusters as their schedulers last reported them.",
            listed,
            wire.ClusterNodes,
            query=NodesQuery,
            tag=_TAG,
        ),
        Operation(
            "POST",
            _NODES,
            "report nodes",
            "What the nodes of a cluster are, and how many of their GPUs are taken.",
            put,
            wire.NodesTaken,
            body=wire.ReportNodes,
            role=Role.WRITE,
            tag=_TAG,
        ),
    ]


def _resource(call: Call[Any, Any], one: wire.ResourceRecord, place: Place, origin: str) -> Resource:
    if one.arn:
        ref = parse_arn(one.arn, place.account_of(call, one.account), one.region or place.region)
        if not ref:
            raise InvalidInput(f"cannot read ARN {one.arn!r}: expected arn:partition:service:…", field="resources.arn")
        place.account_of(call, ref.account)
    elif one.kind and one.id:
        account = place.account_of(call, one.account)
        ref = ResourceRef(one.provider or LOCAL, account, one.region or place.region, one.kind, one.id)
    else:
        raise InvalidInput(
            f"cannot keep resource {one.name or one.id!r}: expected an arn, or a kind and an id", field="resources"
        )
    return Resource(ref, one.name, one.owner, one.type, one.tags, origin, arn=one.arn, attributes=one.attributes)


def _resource_on_wire(one: Resource) -> wire.Resource:
    ref = one.ref
    parts = (ref.path, ref.provider, ref.account, ref.region, ref.kind, ref.id)
    told = one.arn, one.resource_type, dict(one.attributes)
    return wire.Resource(*parts, one.name, one.owner, one.type, dict(one.tags), one.origin, one.seen_ms, *told)


def _node(account: str, cluster: str, one: wire.NodeRecord) -> Node:
    return Node(
        account=account,
        cluster=cluster,
        name=one.name,
        condition=Condition(one.condition),
        state=one.state,
        reason=one.reason,
        gpus=one.gpus,
        allocated=one.allocated,
        gpu_type=one.gpu_type,
        instance_type=one.instance_type,
        instance_id=one.instance_id,
        partitions=tuple(one.partitions),
        labels=one.labels,
    )
