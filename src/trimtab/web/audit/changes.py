"""What changed before: the panel below a chart, and the marks on it."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.audit.changes import ChangeBefore, summary
from trimtab.audit.model import AuditEvent
from trimtab.base.errors import QueryAborted, Unavailable
from trimtab.base.viewer_zone import local
from trimtab.web.audit.rows import event_link
from trimtab.web.format import duration
from trimtab.web.site import Site
from trimtab.web.view import View, link

HOUR_MS = 3_600_000
_SHOWN = 8
_MARKED = 20
_LABELLED = 4  # marks with words: more cover each other


class ChangeRow(Struct, frozen=True):
    """A change as the panel shows it."""

    change: ChangeBefore
    at: str
    before: str
    words: str
    href: str
    service: str


class ChangesPanel(Struct, frozen=True):
    """What changed before `at_ms`: rows, the likeliest first; `href` shows all of the window.

    `about` are the changes of a whole chart's range that are about the same things.
    """

    at_ms: int
    window: str
    rows: Sequence[ChangeRow]
    href: str
    about: Sequence[AuditEvent] = ()

    def marks(self) -> list[dict[str, Any]]:
        """Changes as moments of a time-series element: those about the same things, else those just before."""
        told = list(self.about) or [row.change.event for row in self.rows if row.change.about]
        events = told or [row.change.event for row in self.rows]
        return [
            {
                "start": event.time_ms,
                "end": None,
                "line": True,
                "label": summary(event) if told and number < _LABELLED else "",
                "color": None,
            }
            for number, event in enumerate(events[:_MARKED])
        ]


async def changes_panel(
    site: Site,
    view: View,
    at_ms: int,
    words: Sequence[str],
    *,
    account: str = "",
    window_ms: int = HOUR_MS,
    chart: tuple[int, int] | None = None,
) -> ChangesPanel | None:
    """The panel of what changed in a window before a time, with marks for the range of a `chart`.

    None where no audit can be read.
    """
    room = site.state.audit
    if room is None or not view.principal.may(Role.READ):
        return None
    try:
        found = await room.changes.before(
            view.scope, at_ms, words=words, window_ms=window_ms, account=account, limit=_SHOWN
        )
        about = await room.changes.about(view.scope, *chart, words) if chart else []
    except (QueryAborted, Unavailable):  # the page is about something else, and stands without
        return None
    rows = [
        ChangeRow(
            one,
            local(one.event.time_ms).strftime("%m-%d %H:%M:%S"),
            f"{duration(max(at_ms - one.event.time_ms, 0))} before" if one.event.time_ms <= at_ms else "then",
            summary(one.event),
            event_link(view, one.event.id),
            one.event.source.removesuffix(".amazonaws.com"),
        )
        for one in found
    ]
    whole = link("/audit", [("from", str(at_ms - window_ms)), ("to", str(at_ms + 1000)), ("show", "changes")])
    return ChangesPanel(at_ms, duration(window_ms), rows, whole, about)
