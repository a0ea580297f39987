"""STS: who the caller is. Query protocol only, as the service."""

from dataclasses import dataclass

from trimtab.doors.aws.service import Answer, CallContext, Operations, Request


@dataclass(frozen=True, slots=True)
class StsRooms:
    """STS needs nothing but the call itself."""


operations: Operations[StsRooms] = Operations("sts")


@operations.add("GetCallerIdentity")
async def get_caller_identity(rooms: StsRooms, request: Request, context: CallContext) -> Answer:
    """The account, name and ARN of the caller."""
    return {
        "UserId": context.principal.name,
        "Account": context.account,
        "Arn": f"arn:aws:iam::{context.account}:user/{context.principal.name}",
    }
