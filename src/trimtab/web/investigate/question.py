"""An inquiry as an address has it: `/investigate?at=…&around=30m&host=…&about=…&off=trace&only=about`."""

from trimtab.base.clock import iso
from trimtab.base.timerange import parse_duration_ms, parse_instant_ms
from trimtab.reports.investigations.model import LONGEST_MS, SHORTEST_MS, USUAL_MS, Inquiry, Kind, Subject, inquiry_of
from trimtab.web.view import View, link

PATH = "/investigate"
_MOST_WORDS = 20
_STEP_MS = 30_000


def read_inquiry(view: View) -> Inquiry:
    """Raises InvalidInput for a time, a reach or a kind that cannot be read."""
    now_ms = -(-view.now_ms // _STEP_MS) * _STEP_MS  # so that what all who look now ask is one question
    at_ms = parse_instant_ms(view.get("at"), now_ms)
    around_ms = parse_duration_ms(view.get("around")) if view.get("around") else USUAL_MS
    subject = Subject(
        view.get("host"), view.get("service"), view.get("run"), view.get("team"), view.all("about")[:_MOST_WORDS]
    )
    return shown(view, inquiry_of(at_ms, around_ms, subject))


def shown(view: View, inquiry: Inquiry) -> Inquiry:
    """The same with the kinds that the address switches off, and whether only what is about the subject is shown."""
    off = set(view.all("off"))
    kinds = [one.value for one in Kind if one.value not in off] or [one.value for one in Kind]
    only = view.get("only") == "about"
    return inquiry_of(inquiry.at_ms, inquiry.around_ms, inquiry.subject, kinds=kinds, only=only)


def address_of(at_ms: int, around_ms: int, subject: Subject) -> str:
    """The page of an inquiry; what reaches further than a time line may is cut."""
    around_ms = min(max(around_ms, SHORTEST_MS), LONGEST_MS)
    return link(PATH, [("at", iso(at_ms)), ("around", span_text(around_ms)), *subject.pairs])


def span_text(ms: int) -> str:
    """A length as addresses write it: `30m`, `12h`, `90s`."""
    seconds = -(-ms // 1000)
    for unit, of in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % of == 0:
            return f"{seconds // of}{unit}"
    return f"{seconds}s"
