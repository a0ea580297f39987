"""Marks of what changed: changes about the same things have words, the others are lines; an alarm's names are words."""

from made_audit import record
from trimtab.alarms.describe import names_in
from trimtab.audit.changes import ChangeBefore
from trimtab.audit.model import AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.web.audit.changes import ChangeRow, ChangesPanel

NOW = 1_764_072_000_000


def event(at_ms: int, id_: str) -> AuditEvent:
    return event_of(record(at_ms, id_), Origin.PUT)


def row(one: AuditEvent, *about: str) -> ChangeRow:
    return ChangeRow(ChangeBefore(one, about, 1.0), "", "", "", "", "")


def test_changes_about_the_same_things_are_marked_with_words() -> None:
    rows = [row(event(NOW - 60_000, "a"), "chat"), row(event(NOW - 30_000, "b"))]
    marks = ChangesPanel(NOW, "60 min", rows, "").marks()
    assert [(one["start"], one["label"], one["line"]) for one in marks] == [
        (NOW - 60_000, "alice: UpdateEndpoint chat", True)
    ]


def test_without_such_a_change_those_just_before_are_lines() -> None:
    marks = ChangesPanel(NOW, "60 min", [row(event(NOW, "a")), row(event(NOW, "b"))], "").marks()
    assert [one["label"] for one in marks] == ["", ""]


def test_of_many_changes_over_a_chart_the_newest_have_words() -> None:
    about = [event(NOW - number * 1000, f"c{number}") for number in range(30)]
    marks = ChangesPanel(NOW, "60 min", [], "", about).marks()
    assert (len(marks), sum(bool(one["label"]) for one in marks)) == (20, 4)


def test_the_names_in_an_alarms_definition_are_words() -> None:
    metric = {"Namespace": "Serving", "MetricName": "Latency", "Dimensions": [{"Name": "endpoint", "Value": "chat"}]}
    assert names_in({"Metrics": [{"MetricStat": {"Metric": metric}}], "Period": 60}) == ["Serving", "chat"]
