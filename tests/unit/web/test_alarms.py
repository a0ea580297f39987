"""The pages of alarms: the list, one alarm, the form with its replay, mute rules; full, empty and wrong."""

import re
from html import unescape
from urllib.parse import quote, unquote

import pytest
from tests.unit.web.conftest import Open

from asgi_client import AsgiClient
from browser.pretend_alarms import FIRING
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.alarms.model import AlarmKind
from trimtab.web.alarms.draft import parameters_of, read_draft
from trimtab.web.app import WebState
from trimtab.web.view import View
from trimtab.web.window import read_window

READER = Principal("eve", None, Role.READ, Scope())
ONE = f"/alarms/named/{quote(FIRING)}"
FORM = {"content-type": "application/x-www-form-urlencoded"}
DRAFT = "/alarms/new?kind=metric&namespace=trimtab/Host&metric=system.memory.utilization&stat=Average&period=60"


def draft_of(fleet: WebState) -> str:
    """The draft of an alarm on a series that there is."""
    series = next(one for one in fleet.registry.since(0) if one.identity.name == "system.memory.utilization")
    dimensions = "".join(f"&dimension={quote(f'{name}={value}')}" for name, value in series.identity.dimensions)
    return f"{DRAFT}{dimensions}&threshold=0.6"


def test_the_list_has_those_that_fire_first_and_children_below_their_composite_alarm(pages: AsgiClient) -> None:
    text = pages.get("/alarms").text
    assert "4 alarms" in text
    assert text.index(">host in trouble<") < text.index('class="depth-1"') < text.index(">disk/quiet<")
    assert "&lt;b&gt;of web-1" in text
    assert "<b>of web-1" not in text
    assert '<span class="nav-count" title="alarms that fire">2' in text  # the composite alarm and its child


def test_the_overview_names_what_fires(pages: AsgiClient) -> None:
    text = pages.get("/").text
    assert "2 alarms fire" in text
    assert "host in trouble" in text


def test_the_list_is_narrowed_by_state_and_text(pages: AsgiClient) -> None:
    firing = pages.get("/alarms?state=ALARM").text
    assert "2 alarms" in firing
    assert ">disk/quiet<" not in firing.partition('id="alarms"')[2]
    assert "targets down" in pages.get("/alarms?q=targets").text
    assert "Nothing matches" in pages.get("/alarms?q=nothing-like-it").text
    assert pages.get("/alarms?state=LOUD").status_code == 400
    assert {"ALARM"} == {one["state"] for one in pages.get("/alarms.json?state=ALARM").json()["alarms"]}
    assert pages.get("/alarms.csv").text.startswith("name,kind,state,since")


def test_an_alarm_is_shown_with_its_replay_history_and_definition(pages: AsgiClient) -> None:
    text = pages.get(ONE).text
    for part in (
        "Fires when",
        "What it would have done",
        "threshold 60 %",
        "strip-",
        "History",
        "Definition",
        "Suggestions",
    ):
        assert part in text, part
    assert "Begins later than asked" in text
    assert pages.get("/alarms/named/disk/quiet").status_code == 200
    assert pages.get("/alarms/named/nothing").status_code == 404
    assert "would have" in pages.get(f"/alarms/named/{quote('host in trouble')}").text
    assert "answers no PromQL" in pages.get(f"/alarms/named/{quote('targets down')}").text


def test_a_replay_is_csv_and_json(pages: AsgiClient) -> None:
    found = pages.get(f"/alarms/replay.json?of={quote(FIRING)}&range=24h").json()
    assert FIRING == found["name"]
    assert found["fired"] == sum(one["new"] == "ALARM" for one in found["transitions"])
    lines = pages.get(f"/alarms/replay.csv?of={quote(FIRING)}&range=24h").text.splitlines()
    assert len(lines) == len(found["transitions"]) + 1


def test_suggestions_are_a_fragment_with_their_replays(pages: AsgiClient) -> None:
    text = pages.get(f"/alarms/suggestions?of={quote(FIRING)}&range=24h").text
    assert text.startswith("<section")
    assert "ways to judge were tried" in text
    assert "only alarms with a threshold" in pages.get(f"/alarms/suggestions?of={quote('targets down')}").text.lower()


def test_the_form_replays_what_is_typed_and_says_what_is_wrong(fleet: WebState, pages: AsgiClient) -> None:
    assert "Say what it watches" in pages.get("/alarms/new").text
    text = pages.get(draft_of(fleet) + "&name=mine").text
    assert "Fires when" in text
    assert "would have fired" in text or "would not have fired" in text
    assert "Save the alarm" in text
    assert "expected a whole number" in pages.get(draft_of(fleet) + "&n=x").text
    assert "DatapointsToAlarm must be less" in pages.get(draft_of(fleet) + "&n=1&m=3").text
    for kind in ("band", "math", "promql", "slo", "composite"):
        assert pages.get(f"/alarms/new?kind={kind}").status_code == 200


def _taken(text: str, label: str) -> str:
    """The address of the first button of a label."""
    found = re.search(rf'href="([^"]+)">{label}<', text)
    assert found is not None, text
    return unescape(found[1])


def test_a_metric_is_found_by_words_of_its_name_and_its_dimensions_and_put_into_the_draft(pages: AsgiClient) -> None:
    text = pages.get("/alarms/new?find=MEMORY utilization web-1 used&name=mine&threshold=0.5&op=above").text
    picker = text[text.index('id="picker"') : text.index('id="draft"')]
    assert 1 == picker.count("Watch it")
    assert "<polyline" in picker, "its last hours are drawn"
    taken = _taken(picker, "Watch it")
    assert "find=" not in taken
    draft = pages.get(taken).text
    assert 'name="metric" value="system.memory.utilization"' in draft
    assert "host.name=web-1" in draft
    assert 'name="threshold" value="0.5"' in draft
    assert "has all of these words" in pages.get("/alarms/new?find=memory nowhere").text
    assert "Watch it" not in pages.get("/alarms/new").text


def test_a_metric_goes_into_a_line_of_math_or_a_field_of_an_objective(pages: AsgiClient) -> None:
    words = "find=system.memory.utilization web-1 used"
    taken = _taken(pages.get(f"/alarms/new?kind=math&inputs=m1=A|b|Sum&{words}").text, "Add a line")
    assert "m1=A|b|Sum" in unquote(taken) and "m2=trimtab/Host|system.memory.utilization|Average|" in unquote(taken)
    text = pages.get(f"/alarms/new?kind=slo&bad=old&{words}").text
    assert "bad=trimtab/Host|system.memory.utilization|Sum|" in unquote(_taken(text, "Bad events"))
    assert "bad=old" in _taken(text, "All events")
    for kind in ("promql", "composite", "log"):
        assert 'id="picker"' not in pages.get(f"/alarms/new?kind={kind}").text


def test_a_draft_is_saved_changed_disabled_and_deleted(fleet: WebState, pages: AsgiClient) -> None:
    saving = draft_of(fleet).replace("/alarms/new", "/alarms/save") + "&name=mine"
    assert pages.post(saving).headers["location"] == "/alarms/named/mine"
    assert pages.post(saving).status_code == 400  # it is there already
    assert pages.post(saving.replace("threshold=0.6", "threshold=0.7") + "&edit=1").status_code == 303
    assert "above 0.7" in pages.get("/alarms/named/mine").text
    act = {"content": b"name=mine&do=disable", "headers": FORM}
    assert pages.post("/alarms/act", **act).status_code == 303
    assert "actions disabled" in pages.get("/alarms/named/mine").text
    pages.post("/alarms/act", content=b"name=mine&do=delete", headers=FORM)
    assert pages.get("/alarms/named/mine").status_code == 404


def test_links_and_buttons_keep_the_account_of_an_alarm(fleet: WebState, pages: AsgiClient) -> None:
    saving = draft_of(fleet).replace("/alarms/new", "/alarms/save") + "&name=theirs&account=999999999999"
    page = pages.post(saving).headers["location"]
    assert "/alarms/named/theirs?account=999999999999" == page
    text = pages.get(page).text
    assert 'action="/alarms/act?account=999999999999"' in text
    assert "/alarms/mute?alarm=theirs&amp;account=999999999999" in text
    answer = pages.post("/alarms/act?account=999999999999", content=b"name=theirs&do=disable", headers=FORM)
    assert page == answer.headers["location"]
    assert 'name="account" value="999999999999"' in pages.get("/alarms/mute?alarm=theirs&account=999999999999").text
    assert "999999999999" in pages.get("/alarms").text


def test_mute_rules_are_listed_made_and_deleted(pages: AsgiClient) -> None:
    assert "nights" in pages.get("/alarms/mute").text
    body = b"name=weekend&schedule=cron(0 0 * * SAT)&duration=P2D&timezone=UTC&alarms=disk/quiet"
    assert pages.post("/alarms/mute/act", content=body, headers=FORM).status_code == 303
    assert {"nights", "weekend"} == {one["name"] for one in pages.get("/alarms/mute.json").json()["rules"]}
    pages.post("/alarms/mute/act", content=b"do=delete&name=nights", headers=FORM)
    assert {"weekend"} == {one["name"] for one in pages.get("/alarms/mute.json").json()["rules"]}
    wrong = pages.post("/alarms/mute/act", content=b"name=x&schedule=now&duration=PT1H&alarms=a", headers=FORM)
    assert wrong.status_code == 400


def test_without_alarms_the_page_says_how_to_make_one(nothing: WebState, open_pages: Open) -> None:
    text = open_pages(nothing).get("/alarms").text
    assert "There is no alarm yet" in text
    assert "trimtab alarms replay" in text


def test_a_reader_sees_but_cannot_change(fleet: WebState, open_pages: Open) -> None:
    eve = open_pages(fleet, READER)
    assert "Disable actions" not in eve.get(ONE).text
    assert "New alarm" not in eve.get("/alarms").text
    assert eve.post("/alarms/act", content=b"name=x&do=delete", headers=FORM).status_code == 403
    other = Principal("mallory", "999999999999", Role.WRITE, Scope(accounts=frozenset({"999999999999"})))
    assert open_pages(fleet, other).get(ONE).status_code == 404
    assert open_pages(fleet, other).get(ONE + "?account=123456789012").status_code == 404


def view_of(parameters: list[tuple[str, str]]) -> View:
    return View("/alarms/new", tuple(parameters), read_window({}, 1000, None), False, "", READER, 1000, "")


METRIC = {"Namespace": "N", "MetricName": "m", "Dimensions": [{"Name": "a", "Value": "b"}]}
BAND = {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 2.5)", "ReturnData": True}
JUDGED = {"EvaluationPeriods": 5, "DatapointsToAlarm": 3, "TreatMissingData": "breaching"}
STAT = {"Metric": METRIC, "Period": 60, "Stat": "Sum"}


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (AlarmKind.METRIC, {**METRIC, "Statistic": "Sum", "Period": 60, "Threshold": 5.5,
                            "ComparisonOperator": "LessThanThreshold", **JUDGED, "AlarmActions": ["arn:aws:sns:a"]}),
        (AlarmKind.METRIC, {**METRIC, "ExtendedStatistic": "p99.9", "Period": 300, "Threshold": 1e-7,
                            "ComparisonOperator": "GreaterThanOrEqualToThreshold", **JUDGED}),
        (AlarmKind.METRIC, {"Metrics": [{"Id": "m1", "MetricStat": STAT, "ReturnData": True},
                                        BAND],
                            "ThresholdMetricId": "band", "ComparisonOperator": "GreaterThanUpperThreshold", **JUDGED}),
        (AlarmKind.METRIC, {"Metrics": [{"Id": "m1", "MetricStat": STAT, "ReturnData": False},
                                        {"Id": "e1", "Expression": "m1 * 2", "Period": 60, "ReturnData": True}],
                            "Threshold": 3.0, "ComparisonOperator": "GreaterThanThreshold", **JUDGED}),
        (AlarmKind.PROMQL, {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 60}},
                            "EvaluationInterval": 60}),
        (AlarmKind.BURN_RATE, {"Objective": 0.999, "Bad": {"Metric": METRIC, "Stat": "Sum"},
                               "Total": {"Metric": METRIC, "Stat": "SampleCount"}}),
        (AlarmKind.COMPOSITE, {"AlarmRule": "ALARM(a) AND NOT OK(b)", "ActionsEnabled": False}),
        (AlarmKind.LOG, {"ScheduledQueryConfiguration": {
                             "QueryString": 'filter level = "error"', "LogGroupIdentifiers": ["/a", "/b"],
                             "ScheduledQueryRoleARN": "arn:aws:iam::000000000000:role/unused",
                             "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 600},
                             "AggregationExpression": "count(*) by host"},
                         "QueryResultsToEvaluate": 3, "QueryResultsToAlarm": 2, "Threshold": 5.0,
                         "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}),
    ],
)  # fmt: skip
def test_a_definition_becomes_a_draft_and_comes_back_as_it_was(kind: AlarmKind, form: dict[str, object]) -> None:
    draft = parameters_of("mine", kind, form)
    assert draft is not None
    assert (kind, form) == read_draft(view_of(draft))


def test_a_definition_that_the_form_cannot_say_has_no_draft() -> None:
    form = {"AlarmRule": "ALARM(a)", "ActionsSuppressor": "b"}
    assert parameters_of("x", AlarmKind.COMPOSITE, form) is None
