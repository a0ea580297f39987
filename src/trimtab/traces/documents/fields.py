"""What the objects of a segment (http, aws, sql, cause, annotations, metadata) say, under OpenTelemetry's names."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

MOST_ANNOTATIONS = 50
"""Annotations of a segment that are indexed, as X-Ray documents it (a trace there)."""
_METADATA_LENGTH = 1024  # of a value that can be searched; the document has all of it
_NAMES = {
    ("http", "request", "user_agent"): "user_agent.original",
    ("http", "request", "client_ip"): "client.address",
    ("http", "request", "x_forwarded_for"): "http.x_forwarded_for",
    ("http", "request", "traced"): "http.traced",
    ("http", "response", "content_length"): "http.response.body.size",
    ("sql", "sanitized_query"): "db.query.text",
    ("sql", "database_type"): "db.system.name",
    ("sql", "database_version"): "db.version",
    ("sql", "driver_version"): "db.driver.version",
    ("sql", "user"): "db.user",
    ("sql", "url"): "db.url",
    ("sql", "connection_string"): "db.connection_string",
    ("sql", "preparation"): "db.preparation",
    ("user",): "enduser.id",
}
_RESOURCE_NAMES = {
    ("service", "version"): "service.version",
    ("service", "runtime"): "process.runtime.name",
    ("service", "runtime_version"): "process.runtime.version",
    ("resource_arn",): "cloud.resource_id",
    ("aws", "account_id"): "cloud.account.id",
    ("aws", "ec2", "instance_id"): "host.id",
    ("aws", "ec2", "availability_zone"): "cloud.availability_zone",
    ("aws", "ec2", "instance_size"): "host.type",
    ("aws", "ec2", "ami_id"): "host.image.id",
    ("aws", "ecs", "container"): "container.name",
    ("aws", "ecs", "container_id"): "container.id",
    ("aws", "ecs", "container_arn"): "aws.ecs.container.arn",
    ("aws", "eks", "cluster_name"): "k8s.cluster.name",
    ("aws", "eks", "pod"): "k8s.pod.name",
    ("aws", "eks", "container_id"): "container.id",
    ("aws", "elastic_beanstalk", "environment_name"): "deployment.environment.name",
    ("aws", "elastic_beanstalk", "version_label"): "service.version",
    ("aws", "xray", "sdk"): "telemetry.sdk.name",
    ("aws", "xray", "sdk_version"): "telemetry.sdk.version",
    ("aws", "xray", "auto_instrumentation"): "telemetry.auto",
}
_TYPES = {
    "DynamoDB": "AWS::DynamoDB::Table",
    "S3": "AWS::S3::Bucket",
    "SQS": "AWS::SQS::Queue",
    "SNS": "AWS::SNS",
    "Lambda": "AWS::Lambda",
    "Kinesis": "AWS::Kinesis::Stream",
    "StepFunctions": "AWS::StepFunctions::StateMachine",
}
_RESOURCES = ("table_name", "bucket_name", "queue_name", "queue_url", "topic_arn", "function_name", "stream_name")


def attributes_of(part: Mapping[str, Any]) -> dict[str, str]:
    """Attributes of a segment or subsegment: annotations under their own names, the rest under OpenTelemetry's."""
    found = {name: text for path, name in _NAMES.items() if (text := text_of(at(part, path)))}
    for key, value in (part.get("aws") or {}).items():
        if not isinstance(value, dict) and (text := text_of(value)):
            found[f"aws.{key}"] = text
    if part.get("precursor_ids"):
        found["precursor_ids"] = text_of(part["precursor_ids"])
    found |= dict(_metadata(part.get("metadata") or {}))
    return found | annotations_of(part)


def annotations_of(part: Mapping[str, Any]) -> dict[str, str]:
    """The annotations that are indexed: text, numbers and booleans."""
    given = (part.get("annotations") or {}).items()
    plain = [(key, text_of(value)) for key, value in given if isinstance(value, str | int | float)]
    return dict(plain[:MOST_ANNOTATIONS])


def resource_attributes_of(segment: Mapping[str, Any]) -> dict[str, str]:
    """Attributes of what a segment ran on."""
    return {name: text for path, name in _RESOURCE_NAMES.items() if (text := text_of(at(segment, path)))}


def peer_of(part: Mapping[str, Any]) -> tuple[str, str]:
    """What a subsegment called, and its type: the node of the service map if nothing there sends segments."""
    name, namespace = str(part["name"]), part.get("namespace")
    if namespace == "aws":
        aws = part.get("aws") or {}
        resource = next((str(aws[key]) for key in _RESOURCES if aws.get(key)), "")
        return resource or name, _TYPES.get(name, f"AWS::{name}")
    if part.get("sql"):
        return name, "Database::SQL"
    return (name, "remote") if namespace == "remote" else ("", "")


def exceptions_of(part: Mapping[str, Any], time_ns: int) -> list[dict[str, Any]]:
    """The exceptions of a cause, as events of a span. A cause that is only an id says that it is told elsewhere."""
    cause = part.get("cause")
    if isinstance(cause, str):
        return [{"time_ns": time_ns, "name": "exception", "attributes": {"exception.id": cause}}]
    if not isinstance(cause, dict):
        return []
    found = [one for one in cause.get("exceptions") or [] if isinstance(one, dict)]
    return [{"time_ns": time_ns, "name": "exception", "attributes": _exception(one)} for one in found]


def at(part: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What is at a path of objects; None where there is nothing."""
    value: Any = part
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_of(value: Any) -> str:
    """A value as text: JSON's, but for text itself; "" for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _exception(exception: Mapping[str, Any]) -> dict[str, str]:
    frames = [one for one in exception.get("stack") or [] if isinstance(one, dict)]
    stack = "\n".join(f"{one.get('path', '')}:{one.get('line', '')} {one.get('label', '')}".strip() for one in frames)
    given = {
        "exception.id": exception.get("id"),
        "exception.type": exception.get("type"),
        "exception.message": exception.get("message"),
        "exception.remote": exception.get("remote"),
        "exception.cause": exception.get("cause"),
        "exception.stacktrace": stack,
    }
    return {key: text for key, value in given.items() if (text := text_of(value))}


def _metadata(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for namespace, values in metadata.items():
        for key, value in values.items() if isinstance(values, dict) else [("", values)]:
            name = f"metadata.{namespace}.{key}" if key else f"metadata.{namespace}"
            text = text_of(value)
            if text and len(text) <= _METADATA_LENGTH:
                yield name, text
