"""Explorer widgets: metrics chosen by the kind of thing measured and its dimensions, not by name one by one.

Each becomes a metric widget's expressions: Metrics Insights where values are put together (`aggregateBy`, `splitBy`),
SEARCH where every series is a line. A label of the widget is a dimension that series must have.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput

_NAMESPACES = {
    "AWS::ApiGateway::RestApi": "AWS/ApiGateway", "AWS::AutoScaling::AutoScalingGroup": "AWS/AutoScaling",
    "AWS::DynamoDB::Table": "AWS/DynamoDB", "AWS::EC2::Instance": "AWS/EC2", "AWS::EC2::Volume": "AWS/EBS",
    "AWS::ECS::Cluster": "AWS/ECS", "AWS::ECS::Service": "AWS/ECS",
    "AWS::ElasticLoadBalancing::LoadBalancer": "AWS/ELB",
    "AWS::ElasticLoadBalancingV2::LoadBalancer/ApplicationELB": "AWS/ApplicationELB",
    "AWS::ElasticLoadBalancingV2::LoadBalancer/NetworkELB": "AWS/NetworkELB",
    "AWS::Kinesis::Stream": "AWS/Kinesis", "AWS::Lambda::Function": "AWS/Lambda",
    "AWS::RDS::DBInstance": "AWS/RDS", "AWS::S3::Bucket": "AWS/S3", "AWS::SageMaker::Endpoint": "AWS/SageMaker",
    "AWS::SNS::Topic": "AWS/SNS", "AWS::SQS::Queue": "AWS/SQS", "AWS::StepFunctions::StateMachine": "AWS/States",
}  # fmt: skip
"""Where the metrics of a type of resource are; another type is taken as the namespace itself."""
_FUNCTIONS = {"AVG": "AVG", "SUM": "SUM", "MIN": "MIN", "MAX": "MAX", "COUNT": "COUNT"}
_STATISTICS = {"Average": "AVG", "Sum": "SUM", "Minimum": "MIN", "Maximum": "MAX", "SampleCount": "COUNT"}


def explorer_rows(properties: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The rows of a metric widget that shows the same."""
    return [
        [{"expression": _expression(one, properties), "id": f"e{at + 1}"}]
        for at, one in enumerate(properties["metrics"])
    ]


def _expression(metric: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    namespace = _NAMESPACES.get(metric["resourceType"], metric["resourceType"])
    labels = [(one["key"], one.get("value", "")) for one in properties.get("labels", ())]
    split = properties.get("splitBy", "")
    together = properties.get("aggregateBy")
    if together or split:
        return _insights(namespace, metric, labels, split, together or {})
    words = " ".join(f'"{key}"="{value}"' if value else f'"{key}"' for key, value in labels)
    found = f'Namespace="{namespace}" MetricName="{metric["metricName"]}" {words}'.strip()
    return f"SEARCH('{found.replace(chr(39), '')}', '{metric['stat']}')"


def _insights(
    namespace: str, metric: Mapping[str, Any], labels: list[tuple[str, str]], split: str, together: Mapping[str, Any]
) -> str:
    function = _FUNCTIONS.get(str(together.get("func", "")).upper()) or _STATISTICS.get(metric["stat"])
    if function is None:
        raise InvalidInput(
            f"cannot put {metric['stat']} of several series together: expected one of {', '.join(_STATISTICS)}",
            field="aggregateBy",
        )
    where = " AND ".join(f"{_quoted(key)} = '{value.replace(chr(39), chr(39) * 2)}'" for key, value in labels if value)
    groups = ", ".join(_quoted(key) for key in dict.fromkeys((together.get("key", ""), split)) if key)
    # Metrics Insights, read by trimtab's own parser: nothing of it reaches the engine as text.
    text = f"SELECT {function}({_quoted(metric['metricName'])}) FROM {_quoted(namespace)}"  # noqa: S608 - quoted
    return text + (f" WHERE {where}" if where else "") + (f" GROUP BY {groups}" if groups else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', "") + '"'
