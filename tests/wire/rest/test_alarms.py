"""Alarms over REST, by the Python client and on the command line, against a live server with its engine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from live_server import LiveServer
from trimtab.__main__ import run
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.client import alarms_wire as alarms_wire
from trimtab.client import wire
from trimtab.client.alarms import Alarms
from trimtab.client.api import Client

pytestmark = pytest.mark.wire
MINUTE = 60_000
HOURS = 12


class Subject:
    """A metric of its own: quiet but for single peaks every 40 minutes, and half an hour that is bad."""

    def __init__(self, client: Client) -> None:
        self.name = new_id()
        self.now_ms = client.health().time_ms // MINUTE * MINUTE
        values = [1.0 + (9.0 if at % 40 == 7 or 300 <= at < 330 else 0.0) for at in range(HOURS * 60)]
        self.start_ms = self.now_ms - len(values) * MINUTE
        rows = [
            wire.Datum(name="depth", value=value, time=self.start_ms + at * MINUTE, dimensions={"Queue": self.name})
            for at, value in enumerate(values)
        ]
        client.put("Alarmed", rows)
        client.query("Alarmed", "depth", fresh=True)
        self.peaks = sum(at % 40 == 7 and not 300 <= at < 330 for at in range(len(values)))

    def form(self, **more: Any) -> dict[str, Any]:
        """An alarm above 5 on it, once."""
        return {
            "Namespace": "Alarmed",
            "MetricName": "depth",
            "Dimensions": [{"Name": "Queue", "Value": self.name}],
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            **more,
        }

    @property
    def span(self) -> dict[str, str]:
        """Its whole past."""
        return {"start": str(self.start_ms), "end": str(self.now_ms)}


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Iterator[Client]:
    with Client(server.url) as made:
        yield made


@pytest.fixture(scope="module")
def subject(client: Client) -> Subject:
    return Subject(client)


def test_an_alarm_is_put_found_switched_set_and_deleted(client: Client, subject: Subject) -> None:
    alarms, name = Alarms(client), f"queue/{subject.name}"  # a slash, as scaling policies have it
    assert alarms.put(name, subject.form(AlarmDescription="deep"), {"team": "a"}).created
    assert not alarms.put(name, subject.form(Threshold=6.5)).created
    one = alarms.get(name)
    assert ("metric", "Average of depth above 6.5 in one period of 1 min") == (one.kind, one.summary)
    assert 6.5 == one.definition["Threshold"]
    assert not alarms.enable(name, enabled=False).actions_enabled
    assert alarms.enable(name).actions_enabled
    assert "ALARM" == alarms.set_state(name, "ALARM", "drill").state
    assert [name] == [one.name for one in alarms.listed(prefix="queue/", text=subject.name.upper())]
    assert "drill" in str(alarms.history(name).items[0].data)
    alarms.delete(name)
    with pytest.raises(NotFound):
        alarms.get(name)
    with pytest.raises(NotFound):
        alarms.delete(name)


def test_what_is_wrong_with_a_definition_is_named(client: Client, subject: Subject) -> None:
    alarms = Alarms(client)
    for form, why in (
        (subject.form(Threshhold=5), "did you mean Threshold"),
        (subject.form(EvaluationPeriods=1, DatapointsToAlarm=2), "DatapointsToAlarm"),
        ({"AlarmRule": "ALARM(nobody-has-this)"}, "do not exist"),
        ({"Objective": 2.0, "Bad": {}, "Total": {}}, "(Metric|Stat)"),
        ({}, "must be specified"),
        ({"EvaluationCriteria": {"PromQLCriteria": {"Query": "sum("}}, "EvaluationInterval": 60}, "parse error"),
    ):
        with pytest.raises(InvalidInput, match=why):
            alarms.put("wrong", form)


def test_a_replay_counts_the_peaks_and_the_draft_need_not_be_saved(client: Client, subject: Subject) -> None:
    draft = alarms_wire.ReplayDraft(subject.form(), "draft", None, **subject.span)
    found = Alarms(client).replay_draft(draft)
    assert subject.peaks + 1 == found.fired
    assert 30 * MINUTE == found.longest_ms
    assert found.trace.threshold == 5
    assert HOURS * 3_600_000 == pytest.approx(sum(found.spent_ms.values()), abs=2 * MINUTE)
    calm = Alarms(client).replay_draft(
        alarms_wire.ReplayDraft(subject.form(EvaluationPeriods=5, DatapointsToAlarm=4), "draft", None, **subject.span)
    )
    assert 1 == calm.fired


def test_the_quiet_one_is_suggested_and_can_be_put(client: Client, subject: Subject) -> None:
    alarms, name = Alarms(client), f"noisy {subject.name}"
    alarms.put(name, subject.form())
    found = alarms.suggest(alarms_wire.SuggestDraft(None, name, None, **subject.span))
    assert 1 == len(found.incidents)
    quiet = found.proposals[0]
    assert (True, 1, 0, 0) == (quiet.recommended, quiet.fired, quiet.noise, quiet.missed)
    assert quiet.replay.fired == quiet.fired
    alarms.put(name, quiet.definition)
    assert 1 == alarms.replay(name, **subject.span).fired
    alarms.delete(name)


def test_math_bands_promql_budgets_and_composites_are_replayed_too(client: Client, subject: Subject) -> None:
    alarms, own = Alarms(client), subject.name
    metric = {"Metric": {"Namespace": "Alarmed", "MetricName": "depth", "Dimensions": subject.form()["Dimensions"]}}
    stat = {"Id": "m", "MetricStat": {**metric, "Period": 60, "Stat": "Average"}, "ReturnData": False}
    judged = {"Threshold": 10, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 3}
    math = {"Metrics": [stat, {"Id": "e", "Expression": "m * 2", "ReturnData": True}], **judged}
    alarms.put(f"{own} math", math)
    alarms.put(f"{own} single", subject.form(EvaluationPeriods=2))
    alarms.put(f"{own} both", {"AlarmRule": f'ALARM("{own} math") AND ALARM("{own} single")'})
    part = {**metric, "Stat": "Sum"}
    budget = {"Objective": 0.99, "Bad": part, "Total": part}
    promql = {
        "EvaluationCriteria": {"PromQLCriteria": {"Query": f'depth{{Queue="{own}"}} > 5'}},
        "EvaluationInterval": 60,
    }
    for name in ("math", "single", "both"):
        assert 1 == alarms.replay(f"{own} {name}", **subject.span).fired, name
    for form in (budget, promql):
        found = alarms.replay_draft(alarms_wire.ReplayDraft(form, "draft", None, **subject.span))
        assert found.evaluations > 600
    with pytest.raises(InvalidInput, match="depending on it"):
        alarms.delete(f"{own} math")


def test_mute_rules_silence_what_they_name(client: Client, subject: Subject) -> None:
    alarms, name = Alarms(client), f"muted {subject.name}"
    alarms.put(name, subject.form())
    rule = {"Rule": {"Schedule": {"Expression": "cron(* * * * *)", "Duration": "PT1H"}}}
    found = alarms.put_mute_rule(name, {**rule, "MuteTargets": {"AlarmNames": [name]}})
    assert ("ACTIVE", [name]) == (found.status, found.alarms)
    assert [name] == alarms.get(name).muted_by
    replay = alarms.replay(name, **subject.span)
    assert replay.muted == replay.fired > 0
    alarms.delete_mute_rule(name)
    assert name not in {one.name for one in alarms.mute_rules()}
    with pytest.raises(InvalidInput, match="Expression"):
        alarms.put_mute_rule(name, {"Rule": {"Schedule": {"Expression": "now", "Duration": "PT1H"}}})


def test_the_command_line_tries_a_file_puts_it_and_takes_the_advice(
    server: LiveServer, subject: Subject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, file = f"cli {subject.name}", tmp_path / "alarm.json"
    file.write_text(json.dumps({"AlarmName": name, **subject.form()}))

    def cli(*words: str) -> str:
        assert 0 == run(["alarms", *words, "--url", server.url]), capsys.readouterr().err
        return capsys.readouterr().out

    since = ("--since", "13h")
    assert "would have fired" in cli("replay", str(file), *since)
    assert f"created {name}" in cli("put", str(file))
    assert "above 5 in one period" in cli("list", "--text", subject.name)
    assert subject.peaks + 1 == json.loads(cli("replay", name, *since, "--json"))["fired"]
    assert "Quiet is" in cli("suggest", name, *since)
    assert "disabled" in cli("disable", name)
    assert "actions disabled" in cli("describe", name)
    assert "Alarm " in cli("history", name)
    assert "ALARM" in cli("set-state", name, "ALARM")
    assert "nightly" in cli("mute", "put", f"nightly {subject.name}", "--alarm", name, "--schedule", "cron(0 1 * * *)",
                            "--duration", "PT2H")  # fmt: skip
    assert "PT2H" in cli("mute", "list")
    cli("mute", "delete", f"nightly {subject.name}")
    assert f"deleted {name}" in cli("delete", name)
    assert 1 == run(["alarms", "replay", name, "--url", server.url])
    assert "no alarm has that name" in capsys.readouterr().err


def test_the_pages_show_them(server: LiveServer, client: Client, subject: Subject) -> None:
    Alarms(client).put(f"page {subject.name}", subject.form())
    answer = httpx.get(f"{server.url}/alarms", params={"q": subject.name}, timeout=30)
    assert f"page {subject.name}" in answer.text
    page = httpx.get(f"{server.url}/alarms/named/page {subject.name}?range=24h", timeout=30)
    assert "It would have fired" in page.text
