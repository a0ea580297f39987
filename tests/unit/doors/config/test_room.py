"""Configuration as code: what is exported is what applies, what differs is told, and a wrong file changes nothing."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
import yaml
from tests.unit.doors.config.conftest import OWNER

from trimtab.alarms.model import AlarmKey, StateValue
from trimtab.alarms.room import AlarmRoom
from trimtab.base.errors import InvalidInput
from trimtab.doors.config.document import File
from trimtab.doors.config.model import Change
from trimtab.doors.config.room import Applied, Configurations

T = TypeVar("T")

WHOLE = """
trimtab: 1
anomaly_detectors:
  shop/latency{route=/pay} Average:
    SingleMetricAnomalyDetector:
      Namespace: shop
      MetricName: latency
      Dimensions: [{Name: route, Value: /pay}]
      Stat: Average
    Configuration:
      MetricTimezone: Europe/Berlin
      ExcludedTimeRanges: [{StartTime: 2026-11-01T00:00:00Z, EndTime: 2026-11-02T00:00:00Z}]
metric_alarms:
  slow: &slow
    Namespace: shop
    MetricName: latency
    Dimensions: [{Name: route, Value: /pay}, {Name: az, Value: b}]
    Statistic: Average
    Period: 60
    EvaluationPeriods: 5
    DatapointsToAlarm: 3
    Threshold: 0.5
    ComparisonOperator: GreaterThanThreshold
    TreatMissingData: notBreaching
    Tags: [{Key: team, Value: search}]
  idle:
    EvaluationCriteria: {PromQLCriteria: {Query: 'avg(gpu_util) < 5', PendingPeriod: 600}}
    EvaluationInterval: 60
burn_rate_alarms:
  budget:
    Objective: 0.999
    Bad: {Metric: {Namespace: shop, MetricName: errors}, Stat: Sum}
    Total: {Metric: {Namespace: shop, MetricName: requests}, Stat: Sum}
composite_alarms:
  page-me:
    AlarmRule: ALARM(slow) AND NOT ALARM(idle)
mute_rules:
  nights:
    Rule: {Schedule: {Expression: 'cron(0 22 * * *)', Duration: PT8H, Timezone: Europe/Berlin}}
    MuteTargets: {AlarmNames: [slow]}
dashboards:
  fleet:
    widgets:
      - {type: text, x: 0, y: 0, width: 6, height: 3, properties: {markdown: "# Fleet\\n\\nAll of it."}}
"""


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def diff(room: Configurations, *texts: str, prune: bool = False) -> list[Change]:
    files = [File(f"{number}.yaml", text) for number, text in enumerate(texts, 1)]
    return run(room.changes(OWNER, files, prune=prune))


def apply(room: Configurations, *texts: str, prune: bool = False) -> Applied:
    return run(room.apply(OWNER, [File("a.yaml", text) for text in texts], prune=prune))


def test_what_is_applied_is_there_and_applying_it_again_changes_nothing(configurations: Configurations) -> None:
    assert {(change.section, change.name) for change in apply(configurations, WHOLE).done} == {
        ("anomaly_detectors", "shop/latency{route=/pay} Average"),
        ("metric_alarms", "slow"),
        ("metric_alarms", "idle"),
        ("burn_rate_alarms", "budget"),
        ("composite_alarms", "page-me"),
        ("mute_rules", "nights"),
        ("dashboards", "fleet"),
    }
    assert diff(configurations, WHOLE, prune=True) == []


def test_what_is_exported_applies_elsewhere_and_is_exported_the_same(
    configurations: Configurations, tmp_path_factory: pytest.TempPathFactory
) -> None:
    apply(configurations, WHOLE)
    text = run(configurations.export(OWNER))
    assert diff(configurations, text, prune=True) == []
    exported = yaml.safe_load(text)
    assert exported["dashboards"]["fleet"]["widgets"][0]["properties"]["markdown"] == "# Fleet\n\nAll of it."
    assert list(exported) == ["trimtab", *configurations.sections]


def test_a_change_names_each_value_and_keeps_the_state(configurations: Configurations, alarms: AlarmRoom) -> None:
    apply(configurations, WHOLE)
    key = AlarmKey(OWNER.account, OWNER.region, "slow")
    run(alarms.store.set_state(key, StateValue.ALARM, "by hand", None))
    changed = WHOLE.replace("Threshold: 0.5", "Threshold: 0.8").replace("Value: search", "Value: ads")
    (change,) = diff(configurations, changed)
    assert {(one.path, one.before, one.after) for one in change.fields} == {
        ("Threshold", 0.5, 0.8),
        ("Tags[0].Value", "search", "ads"),
    }
    apply(configurations, changed)
    alarm = run(alarms.store.named(OWNER.account, OWNER.region, ["slow"]))["slow"]
    assert (alarm.form["Threshold"], alarm.state.value) == (0.8, StateValue.ALARM)
    assert run(alarms.tags.tags(key.arn)) == {"team": "ads"}


def test_the_order_of_dimensions_means_nothing(configurations: Configurations) -> None:
    apply(configurations, WHOLE)
    turned = WHOLE.replace(
        "[{Name: route, Value: /pay}, {Name: az, Value: b}]", "[{Name: az, Value: b}, {Name: route, Value: /pay}]"
    )
    assert turned != WHOLE
    assert diff(configurations, turned) == []


def test_only_pruning_removes_and_only_in_sections_of_the_files(configurations: Configurations) -> None:
    apply(configurations, WHOLE)
    less = "trimtab: 1\nmetric_alarms:\ncomposite_alarms: {}\n"
    assert diff(configurations, less) == []
    done = apply(configurations, less, prune=True)
    assert [change.name for change in done.done] == ["page-me", "slow", "idle"]
    assert [section for section, found in yaml.safe_load(run(configurations.export(OWNER))).items() if found] == [
        "trimtab", "anomaly_detectors", "burn_rate_alarms", "mute_rules", "dashboards",
    ]  # fmt: skip


def test_what_the_store_refuses_stops_there_and_says_so(configurations: Configurations) -> None:
    apply(configurations, WHOLE)
    done = apply(configurations, "trimtab: 1\nmetric_alarms: {}\n", prune=True)
    assert done.failed is not None
    assert done.failed.name == "slow"
    assert "composite alarm" in done.problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("trimtab: 2", "expected `trimtab: 1`"),
        ("trimtab: 1\nalarms: {}", "there is no section 'alarms'"),
        ("trimtab: 1\nmetric_alarm: {}", "did you mean metric_alarms?"),
        ("trimtab: 1\nmetric_alarms: {a: {}, a: {}}", "1.yaml:2:24: 'a' is given twice"),
        ("trimtab: 1\nmetric_alarms: {a: [", "cannot read 1.yaml:2"),
        ("trimtab: 1\nmetric_alarms: [a]", "must map names to documents"),
        ("trimtab: 1\nmetric_alarms: {a: {Treshold: 1}}", "did you mean Threshold?"),
        ("trimtab: 1\nmetric_alarms: {a: 5}", "metric_alarms a: got 5"),
        ("trimtab: 1\nmetric_alarms: {a: {Period: soon}}", "Period"),
        ("trimtab: 1\nburn_rate_alarms: {a: {Objective: 2}}", "burn_rate_alarms a:"),
        ("trimtab: 1\nmute_rules: {a: {}}", "'rule' failed to satisfy constraint"),
        ("trimtab: 1\ndashboards: {a b: {widgets: []}}", "cannot name a dashboard"),
        ("trimtab: 1\ndashboards: {a: {widgets: [{type: metric}]}}", "/widgets/0"),
        ("trimtab: 1\nanomaly_detectors: {a: {Namespace: n, MetricName: m, Stat: Sum}}", "expected the name of what"),
    ],
)
def test_a_wrong_file_says_what_is_wrong_and_changes_nothing(
    configurations: Configurations, text: str, told: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        diff(configurations, text)
    assert told in str(caught.value)
    with pytest.raises(InvalidInput):
        apply(configurations, WHOLE, text)
    assert not any(found for name, found in yaml.safe_load(run(configurations.export(OWNER))).items() if name[0] != "t")


def test_every_fault_of_a_file_is_told_at_once(configurations: Configurations) -> None:
    with pytest.raises(InvalidInput) as caught:
        diff(configurations, "trimtab: 1\nmetric_alarms: {a: {}, b: {Period: 60}}\ncomposite_alarms: {c: {}}")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "metric_alarms a", "metric_alarms b", "composite_alarms c",
    ]  # fmt: skip


def test_a_name_in_two_files_is_refused(configurations: Configurations) -> None:
    with pytest.raises(InvalidInput, match=r"declared in 1\.yaml too"):
        diff(configurations, WHOLE, WHOLE)
