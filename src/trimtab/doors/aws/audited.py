"""Which calls of the AWS door are changes, and what the audit is told of one."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Operation, Service
from trimtab.doors.aws.wire.http import HttpRequest

DATA_EVENTS: Mapping[str, frozenset[str]] = {
    "cloudwatch": frozenset({"PutMetricData"}),
    "logs": frozenset({"PutLogEvents", "CreateLogStream"}),
    "sns": frozenset({"Publish", "PublishBatch"}),
    "xray": frozenset({"PutTraceSegments", "PutTelemetryRecords", "GetSamplingTargets"}),
    "events": frozenset({"PutEvents"}),
    "cloudtrail-data": frozenset({"PutAuditEvents"}),
    "lambda": frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
    "sagemaker-runtime": frozenset({"InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream"}),
    "sagemaker-metrics": frozenset({"BatchPutMetrics"}),
}
"""Operations that need the role write and only bring data in: CloudTrail calls them data events, and keeps them out."""


class Called(Struct):
    """A call of an operation, and what came of it: `failed` is the error that was answered."""

    service: Service
    operation: Operation
    parameters: Any = None
    answer: Any = None
    failed: AwsError | None = None


class Auditor(Protocol):
    """Who is told of changes: `doors.auditing.aws.AwsAuditor`."""

    def check_room(self) -> None:
        """Raise Throttled or DiskFull before a change whose record could not be kept."""
        ...

    async def record(self, request: HttpRequest, context: CallContext, called: Called) -> None:
        """Make the record of a call durable."""
        ...


def is_change(service: Service, operation: Operation) -> bool:
    """Whether a call changes something that the audit keeps."""
    if not operation.needs.includes(Role.WRITE):
        return False
    return operation.name not in DATA_EVENTS.get(service.model.name, ())
