"""The registry that SNS's operations join, and what they share."""

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Operations
from trimtab.notify.room import NotifyRoom
from trimtab.notify.topics import parse_arn

operations: Operations[NotifyRoom] = Operations("sns", invalid_code="InvalidParameter")
"""SNS's operations; importing an operation's file adds it (`service.py` imports them all)."""


def own_topic(arn: str, context: CallContext) -> str:
    """`arn`, of a topic of the caller. Raises AwsError."""
    match = parse_arn(arn)
    if match is None:
        raise AwsError("InvalidParameter", "Invalid parameter: TopicArn")
    if match["account"] != context.account:
        raise AwsError("AuthorizationError", f"User: {context.principal.name} is not authorized to access {arn}")
    return arn


def own_subscription(arn: str, context: CallContext) -> str:
    """`arn`, of a subscription of the caller. Raises AwsError."""
    topic, _, id_ = arn.rpartition(":")
    if parse_arn(topic) is None or not id_:
        raise AwsError("InvalidParameter", "Invalid parameter: SubscriptionArn")
    own_topic(topic, context)
    return arn


def as_sns(problem: InvalidInput | NotFound) -> AwsError:
    """trimtab's error as SNS says it."""
    if isinstance(problem, NotFound):
        return AwsError("NotFound", str(problem), status=404)
    text = str(problem)
    return AwsError("InvalidParameter", text if text.startswith("Invalid ") else f"Invalid parameter: {text}")
