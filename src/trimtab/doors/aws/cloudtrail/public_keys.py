"""The public keys that digests can be verified with."""

from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request


@operations.add("ListPublicKeys")
async def list_public_keys(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Keys that were valid at some time of a range; by default, now."""
    del context  # the keys are the server's, whoever asks
    now_ms = rooms.clock.now_ms()
    end_ms = request.get("EndTime") or now_ms
    start_ms = request.get("StartTime") or end_ms
    if start_ms > end_ms:
        raise AwsError("InvalidTimeRangeException", "The start time must not be after the end time")
    found = [key for key in await rooms.audit.keys.public() if key.since_ms <= end_ms and key.until_ms >= start_ms]
    return {
        "PublicKeyList": [
            {
                "Value": key.der,
                "ValidityStartTime": key.since_ms,
                "ValidityEndTime": key.until_ms,
                "Fingerprint": key.fingerprint,
            }
            for key in found
        ]
    }
