"""What a page is about and which time it shows: from it every page links to the investigation of that."""

from collections.abc import Callable, Mapping

from trimtab.access.principal import Role
from trimtab.reports.investigations.model import Subject
from trimtab.web.investigate.question import address_of
from trimtab.web.view import View

_MOST_WORDS = 6
"""Of a chart's question: more would be about everything."""


def investigation_of(view: View, moment: tuple[int, int] | None) -> str:
    """The address of the investigation of what a page shows, or of a moment of it and how far around; "" for none."""
    if not view.principal.may(Role.READ):
        return ""
    if moment is None:
        start_ms, end_ms = view.window.start_ms, view.window.end_ms
        moment = (start_ms + end_ms) // 2, (end_ms - start_ms) // 2
    return address_of(*moment, subject_of(view))


def subject_of(view: View) -> Subject:
    """What a page is about, by its address."""
    room, _, rest = view.path.strip("/").partition("/")
    found = _OF.get(room)
    return found(view, rest) if found is not None else Subject()


def _of_run(_: View, rest: str) -> Subject:
    return Subject(run=rest.partition("/")[2])


def _of_alarm(_: View, rest: str) -> Subject:
    name = rest.removeprefix("named/")
    return Subject(words=(name,)) if name != rest else Subject()


def _of_team(view: View, rest: str) -> Subject:
    return Subject(team=view.get("team") if rest == "team" else "")


def _of_metrics(view: View, _: str) -> Subject:
    pairs = [text.partition("=") for text in view.all("where")]
    hosts = [value for key, _, value in pairs if key == "host.name"]
    words = [value for key, _, value in pairs if not key.endswith("!") and key != "host.name"]
    return Subject(host=hosts[0] if hosts else "", words=tuple(words[:_MOST_WORDS]))


def _of_logs(view: View, _: str) -> Subject:
    return Subject(words=view.all("group")[:_MOST_WORDS])


_OF: Mapping[str, Callable[[View, str], Subject]] = {
    "hosts": lambda _, rest: Subject(host=rest),
    "endpoints": lambda _, rest: Subject(service=rest),
    "teams": lambda _, rest: Subject(team=rest),
    "home": _of_team,
    "runs": _of_run,
    "alarms": _of_alarm,
    "explore": _of_metrics,
    "logs": _of_logs,
}
"""By the first part of an address."""
