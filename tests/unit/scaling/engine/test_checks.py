"""What may be put, and what is refused with words that say what to change."""

from decimal import Decimal

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.scaling.engine import checks
from trimtab.scaling.engine.model import CUSTOM, CUSTOM_DIMENSION, Form, Freeze, Guards, Kind, Service, TargetKey, Times
from trimtab.scaling.engine.predefined import metric_of

ECS = TargetKey("1", "us-east-1", "ecs", "service/c/web", "ecs:service:DesiredCount")


@pytest.mark.parametrize(
    ("key", "form", "words"),
    [
        (TargetKey("1", "r", "ecs", "service/c/web", "lambda:x"), Form(1, 2), "Unsupported service namespace"),
        (TargetKey("1", "r", "ecs", "web", "ecs:service:DesiredCount"), Form(1, 2), "service/cluster/name"),
        (TargetKey("1", "r", CUSTOM, "rm -rf", CUSTOM_DIMENSION), Form(1, 2), "pool/name"),
        (ECS, Form(3, 2), "Minimum capacity 3"),
        (ECS, Form(1, 2, service=Service(tick_s=7)), "cannot decide every 7 s"),
        (ECS, Form(1, 2, guards=Guards(hourly_cap=Decimal(1))), "a cap needs price_per_hour"),
        (ECS, Form(1, 2, guards=Guards(freezes=(Freeze("every day", 60),))), "got 2 fields"),
    ],
)
def test_a_target_that_means_nothing_is_refused(key: TargetKey, form: Form, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        checks.check_target(key, form)


@pytest.mark.parametrize(
    ("kind", "document", "words"),
    [
        (Kind.TRACKING, {"TargetValue": 50}, "exactly one of PredefinedMetricSpecification"),
        (Kind.TRACKING, {"TargetValue": -1, "PredefinedMetricSpecification": {}}, "expected above 0"),
        (Kind.STEP, {"StepAdjustments": []}, "0 step adjustments"),
        (Kind.PREDICTIVE, {"MetricSpecifications": []}, "exactly one MetricSpecification"),
        (Kind.PORTFOLIO, {"allowed": 2}, "between 0 and 1"),
        (Kind.PORTFOLIO, {"permitted": 0.1}, "cannot read 'permitted'"),
        (Kind.TO_ZERO, {"idle_s": [3]}, "expected finite numbers"),
        (Kind.OBJECTIVE, {"headroom": "much"}, "expected numbers"),
    ],
)
def test_a_policy_that_is_none_is_refused(kind: Kind, document: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        checks.check_policy("own", kind, document)


def test_a_scheduled_action_needs_something_to_set() -> None:
    with pytest.raises(InvalidInput, match="a minimum, a maximum or a desired number"):
        checks.check_schedule("night", Times("cron(0 22 * * ? *)"), 0)
    checks.check_schedule("night", Times("0 22 * * 1-5", "Europe/Berlin", least=0), 0)


def test_predefined_metrics_are_those_of_the_target() -> None:
    found = metric_of(ECS, {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"})
    assert ("AWS/ECS", "CPUUtilization") == (found["Namespace"], found["MetricName"])
    assert [{"Name": "ClusterName", "Value": "c"}, {"Name": "ServiceName", "Value": "web"}] == found["Dimensions"]
    with pytest.raises(InvalidInput, match="ResourceLabel"):
        metric_of(ECS, {"PredefinedMetricType": "ALBRequestCountPerTarget"})
