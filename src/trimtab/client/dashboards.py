"""The typed calls on dashboards, over a `Client`."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.client import dashboards_wire as wire
from trimtab.client.api import Client
from trimtab.client.parameters import parameters, path_of

_PATH = "/rest/v1/dashboards"


def listed(client: Client, prefix: str = "") -> list[wire.DashboardSummary]:
    """The dashboards whose names begin with `prefix`, the starters included."""
    return client.call("GET", _PATH, wire.DashboardList, query=[("prefix", prefix)]).dashboards


def read(client: Client, name: str) -> wire.Dashboard:
    """A dashboard with its body."""
    return client.call("GET", path_of(_PATH, name), wire.Dashboard)


def put(client: Client, name: str, body: Mapping[str, Any], version: int | None = None) -> wire.SavedDashboard:
    """Store a body; `version` is the one that was seen before."""
    return client.call("PUT", path_of(_PATH, name), wire.SavedDashboard, body=wire.PutDashboard(dict(body), version))


def delete(client: Client, name: str) -> wire.Deleted:
    """Delete a dashboard."""
    return client.call("DELETE", path_of(_PATH, name), wire.Deleted)


def imported(
    client: Client, document: Mapping[str, Any], name: str = "", *, dry_run: bool = False
) -> wire.ImportedDashboard:
    """Make a dashboard of Grafana's or Perses' JSON."""
    body = wire.ImportDashboard(dict(document), name, dry_run)
    return client.call("POST", "/rest/v1/dashboard-imports", wire.ImportedDashboard, body=body)


def data(
    client: Client,
    name: str,
    widgets: Sequence[int] = (),
    *,
    start: str = "",
    end: str = "now",
    variables: Sequence[str] = (),
) -> wire.DashboardData:
    """What the widgets of a dashboard show; `variables` are `id=value`."""
    query = parameters(widget=[str(one) for one in widgets], variable=variables, start=start, end=end)
    return client.call("GET", path_of(_PATH, name, "data"), wire.DashboardData, query=query)


def share(client: Client, name: str, expires: str) -> wire.NewShare:
    """Make a read-only link that lasts so long."""
    return client.call("POST", path_of(_PATH, name, "shares"), wire.NewShare, body=wire.ShareDashboard(expires))


def shares(client: Client, name: str) -> list[wire.Share]:
    """The links of a dashboard."""
    return client.call("GET", path_of(_PATH, name, "shares"), wire.ShareList).shares


def revoke(client: Client, name: str, id_: str) -> wire.Deleted:
    """End a link."""
    return client.call("DELETE", path_of(_PATH, name, "shares", id_), wire.Deleted)


def grafana(client: Client, url: str, prefix: str = "") -> wire.GrafanaFiles:
    """Provisioning files for a Grafana that reaches this server at `url`."""
    return client.call("GET", "/rest/v1/grafana", wire.GrafanaFiles, query=[("url", url), ("prefix", prefix)])
