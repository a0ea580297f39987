"""The question of the Audit page, as its URL has it, and links to its variants."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.audit.conditions import FACETS, MAX_MS, AuditQuery
from trimtab.audit.model import Position
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token
from trimtab.web.view import View, link

TABS = ("events", "findings", "insights")
SHOWN = ("all", "changes", "errors")
TITLES = {
    "user": "Who",
    "name": "What",
    "source": "Service",
    "error": "Error",
    "ip": "From",
    "account": "Account",
    "region": "Region",
    "category": "Kind",
}
"""Facets in the order in which they are shown, with the words above them."""


class AuditQuestion(Struct, frozen=True):
    """What is asked: words, things, chosen values, and whether all is shown, changes or errors."""

    tab: str
    shown: str
    text: str
    about: tuple[str, ...]
    chosen: tuple[tuple[str, str], ...]
    query: AuditQuery


def read_question(view: View) -> AuditQuestion:
    """The question in the URL. Raises InvalidInput."""
    tab = view.get("tab") if view.get("tab") in TABS else "events"
    shown = view.get("show") if view.get("show") in SHOWN else "all"
    chosen = tuple((facet, value) for facet in FACETS for value in view.all(facet))
    facets = {facet: view.all(facet) for facet in FACETS if view.all(facet)}
    if tab == "insights":
        facets["category"] = ("Insight",)
    text, about = view.get("q")[:512], view.all("about")
    window = view.window
    end_ms = window.end_ms + 60_000 if window.moving else window.end_ms
    query = AuditQuery(
        window.start_ms,
        end_ms,
        facets=facets,
        about=about,
        text=text,
        changes_only=shown == "changes" and tab == "events",
        errors_only=shown == "errors" and tab == "events",
    )
    return AuditQuestion(tab, shown, text, about, chosen, query)


def read_position(token: str) -> Position | None:
    """The position of an older page. Raises InvalidInput."""
    if not token:
        return None
    match decode_token(token):
        case [int(time_ms), str(id_)] if 0 <= time_ms <= MAX_MS:
            return Position(time_ms, id_)
    raise InvalidInput("cannot read the page: expected a link of an earlier one", field="before")


def with_value(view: View, facet: str, value: str) -> str:
    """The same search with one more value of a facet."""
    kept = [pair for pair in view.parameters if pair[0] != "before"]
    return link(view.path, kept if (facet, value) in kept else [*kept, (facet, value)])


def without_value(view: View, facet: str, value: str) -> str:
    """The same search without a value of a facet."""
    return link(view.path, [pair for pair in view.parameters if pair != (facet, value) and pair[0] != "before"])


def chips(view: View, asked: AuditQuestion) -> Sequence[tuple[str, str, str]]:
    """What is chosen: facet's words, value, and the link that takes it away."""
    return [
        (TITLES.get(facet, "About"), value, without_value(view, facet, value))
        for facet, value in (*asked.chosen, *(("about", one) for one in asked.about))
    ]
