"""Dashboards, as they travel over the REST API. See `wire.py`."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

Body = Annotated[dict[str, Any], Meta(description="A CloudWatch dashboard body: widgets, variables, start, end.")]
DashboardName = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,255}$", description="Letters, digits, - and _.")]


class DashboardSummary(Struct, frozen=True):
    """A dashboard of the list. `version` is 0 for a starter that nobody has changed."""

    name: str
    summary: str
    widgets: int
    size: int
    version: int
    modified_ms: Millis


class DashboardList(Struct, frozen=True):
    """The dashboards, by name."""

    dashboards: list[DashboardSummary]


class Dashboard(Struct, frozen=True):
    """A dashboard with its body."""

    name: str
    version: int
    modified_ms: Millis
    body: Body


class DashboardMessage(Struct, frozen=True):
    """Something to say about a body, by JSON pointer. An error keeps it out of the store, a warning does not."""

    path: str
    text: str
    error: bool


class PutDashboard(Struct, frozen=True, forbid_unknown_fields=True):
    """A body to store. `version` is the one that the caller has seen: 409 where it is another one by now."""

    body: Body
    version: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None


class SavedDashboard(Struct, frozen=True):
    """The stored version, and what is to be warned of."""

    name: str
    version: int
    messages: list[DashboardMessage]


class CheckDashboard(Struct, frozen=True, forbid_unknown_fields=True):
    """A body to check."""

    body: Body


class CheckedDashboard(Struct, frozen=True):
    """What is wrong with it; nothing where it can be stored as it is."""

    messages: list[DashboardMessage]


class DuplicateDashboard(Struct, frozen=True, forbid_unknown_fields=True):
    """The copy's name; empty takes the next free one."""

    name: Annotated[str, Meta(max_length=255)] = ""


class RestoreDashboard(Struct, frozen=True, forbid_unknown_fields=True):
    """The version to bring back."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class DashboardVersion(Struct, frozen=True):
    """An earlier version."""

    version: int
    modified_ms: Millis
    size: int


class DashboardVersions(Struct, frozen=True):
    """The earlier versions that are kept, newest first."""

    versions: list[DashboardVersion]


class ImportDashboard(Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON of a Grafana or Perses dashboard, or a CloudWatch body. `dry_run` stores nothing."""

    document: dict[str, Any]
    name: Annotated[str, Meta(max_length=255, description="Its name here; empty makes one of its title.")] = ""
    dry_run: bool = False


class LeftOut(Struct, frozen=True):
    """Something that an import left out or changed, and why."""

    what: str
    why: str


class ImportedDashboard(Struct, frozen=True):
    """What became of a document. `version` is 0 where nothing was stored."""

    name: str
    source: str
    version: int
    widgets: int
    left: list[LeftOut]
    body: Body


class ShareDashboard(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a link lasts: `1h`, `7d`, at most `365d`."""

    expires: Annotated[str, Meta(max_length=16)] = "7d"


class NewShare(Struct, frozen=True):
    """A new link; its token is in `path` and nowhere else."""

    id: str
    path: str
    expires_ms: Millis


class Share(Struct, frozen=True):
    """A link that opens a dashboard."""

    id: str
    created_ms: Millis
    expires_ms: Millis
    created_by: str


class ShareList(Struct, frozen=True):
    """The links of a dashboard, newest first."""

    shares: list[Share]


class DashboardLine(Struct, frozen=True):
    """One line of a widget: times (ms) and values."""

    label: str
    unit: str
    times: list[int]
    values: list[float]


class WidgetData(Struct, frozen=True):
    """What one widget shows, or the `error` that keeps it from doing so."""

    widget: int
    title: str
    error: str
    lines: list[DashboardLine]


class DashboardData(Struct, frozen=True):
    """What the widgets show over `[start_ms, end_ms)`."""

    start_ms: Millis
    end_ms: Millis
    widgets: list[WidgetData]


class Deleted(Struct, frozen=True):
    """What was deleted."""

    deleted: str


class GrafanaFiles(Struct, frozen=True):
    """Provisioning files for Grafana: their text by path."""

    files: dict[str, str]
