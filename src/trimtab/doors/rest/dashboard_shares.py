"""`/rest/v1/dashboards/{name}/shares`: read-only links to one dashboard; `/rest/v1/grafana`: files for Grafana."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_duration_ms
from trimtab.client import dashboards_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.exports.provisioning import grafana_files

SHARED = "/shared/"
"""Where links lead."""
_PATH = "/rest/v1/dashboards/{name}/shares"


class GrafanaQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How Grafana reaches this server."""

    url: Annotated[str, Meta(max_length=2048, pattern=r"^https?://", description="This server, seen from Grafana.")]
    prefix: Annotated[str, Meta(max_length=255, description="Only stored dashboards whose names begin so.")] = ""


def operations(room: DashboardRoom) -> list[Operation]:
    """The operations. Sharing needs `write`: a link shows what its maker sees."""

    async def create(call: Call[Any, wire.ShareDashboard]) -> wire.NewShare:
        account, name = room.account_of(call.principal), call.path["name"]
        await room.open(account, name, call.principal.scope, {})
        try:
            lasts = parse_duration_ms(call.body.expires)
        except InvalidInput as problem:
            raise InvalidInput(str(problem), field="expires") from None
        share, token = await room.shares.create(account, name, call.principal.name, call.principal.scope, lasts)
        return wire.NewShare(share.id, SHARED + token, share.expires_ms)

    async def listed(call: Call[Any, None]) -> wire.ShareList:
        account, name = room.account_of(call.principal), call.path["name"]
        if call.principal.bound:
            await room.open(account, name, call.principal.scope, {})  # links of a dashboard that the caller sees
        found = await room.shares.listed(account, name)
        return wire.ShareList([wire.Share(one.id, one.created_ms, one.expires_ms, one.created_by) for one in found])

    async def revoke(call: Call[Any, None]) -> wire.Deleted:
        account, name = room.account_of(call.principal), call.path["name"]
        if call.principal.bound:
            await room.open(account, name, call.principal.scope, {})
        await room.shares.revoke(account, name, call.path["id"])
        return wire.Deleted(call.path["id"])

    async def grafana(call: Call[GrafanaQuery, None]) -> wire.GrafanaFiles:
        stored = await room.store.listed(room.account_of(call.principal), call.query.prefix)
        return wire.GrafanaFiles(grafana_files(stored, call.query.url.rstrip("/")))

    name = {"name": "The dashboard's name."}
    return [
        Operation(
            "GET", _PATH, "list dashboard shares", "The links that open a dashboard now.", listed, wire.ShareList,
            path_parameters=name, role=Role.WRITE, tag="dashboards",
            bound=True,
        ),
        Operation(
            "POST", _PATH, "share dashboard", "Make a read-only link; its token is in this answer and nowhere else.",
            create, wire.NewShare, body=wire.ShareDashboard, status=201, errors=(404,), path_parameters=name,
            role=Role.WRITE, tag="dashboards",
            bound=True,
        ),
        Operation(
            "DELETE", _PATH + "/{id}", "revoke dashboard share", "End a link now.", revoke, wire.Deleted, errors=(404,),
            path_parameters={**name, "id": "The link's id, as listed."}, role=Role.WRITE, tag="dashboards",
            bound=True,
        ),
        Operation(
            "GET", "/rest/v1/grafana", "export to grafana",
            "Provisioning for Grafana: this server as a Prometheus data source, and the dashboards.", grafana,
            wire.GrafanaFiles, query=GrafanaQuery, tag="dashboards",
        ),
    ]  # fmt: skip
