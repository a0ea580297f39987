"""Records for tests."""

from typing import Any

from trimtab.base.clock import iso

ACCOUNT = "123456789012"


def record(at_ms: int, id_: str = "e1", **members: Any) -> dict[str, Any]:
    """A record of a change, with further or other members."""
    made: dict[str, Any] = {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDA",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
            "accountId": ACCOUNT,
            "accessKeyId": "AKIA1",
            "userName": "alice",
        },
        "eventTime": iso(at_ms // 1000 * 1000),
        "eventSource": "sagemaker.amazonaws.com",
        "eventName": "UpdateEndpoint",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "10.0.0.1",
        "userAgent": "aws-cli/2",
        "requestParameters": {"endpointName": "chat", "endpointConfigName": "chat-v2"},
        "responseElements": None,
        "requestID": f"r-{id_}",
        "eventID": id_,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    return made | members
