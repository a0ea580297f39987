"""Changes by the AWS doors, as CloudTrail itself would write them."""

from collections.abc import Mapping
from typing import Any

from trimtab.doors.auditing.recorder import Change, ChangeRecorder
from trimtab.doors.aws.audited import Called
from trimtab.doors.aws.service import CallContext
from trimtab.doors.aws.wire.http import HttpRequest


class AwsAuditor:
    """Hands calls of the gateway to the recorder."""

    def __init__(self, recorder: ChangeRecorder) -> None:
        self._recorder = recorder

    def check_room(self) -> None:
        """Raise Throttled or DiskFull before a change whose record could not be kept."""
        self._recorder.check_room()

    async def record(self, request: HttpRequest, context: CallContext, called: Called) -> None:
        """Make the record of a call durable. Raises Throttled, DiskFull."""
        failed = called.failed
        await self._recorder.record(
            Change(
                principal=context.principal,
                source=f"{called.service.model.endpoint_prefix}.amazonaws.com",
                name=called.operation.name,
                request_id=context.request_id,
                client=request.client,
                user_agent=request.header(b"user-agent"),
                account=context.account,
                region=context.region,
                access_key_id=context.access_key_id,
                parameters=_lowered(called.parameters),
                answer=_lowered(called.answer) or None,
                error_code=failed.code if failed else "",
                error_message=str(failed) if failed else "",
            )
        )


def _lowered(value: Any) -> Any:
    """Members as CloudTrail writes them, alarmName and not AlarmName; keys of tags are the user's own."""
    if isinstance(value, Mapping):
        return {
            f"{name[:1].lower()}{name[1:]}": item
            if name.lower() == "tags" and isinstance(item, Mapping)
            else _lowered(item)
            for name, item in value.items()
        }
    return [_lowered(item) for item in value] if isinstance(value, list) else value
