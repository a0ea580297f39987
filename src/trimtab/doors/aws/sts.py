"""STS: who the caller is, and credentials for a while. Query protocol only, as the service."""

import re

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request
from trimtab.doors.aws.sessions import PREFIX, open_session
from trimtab.doors.aws.sigv4 import KeyLookup

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[\w+=,.@/-]*/)?([\w+=,.@-]{1,64})")
_HOUR_S = 3600


class StsRooms(Struct, frozen=True):
    """What the operations ask."""

    keys: KeyLookup
    clock: Clock


operations: Operations[StsRooms] = Operations("sts")


@operations.add("GetCallerIdentity", bound=True)
async def get_caller_identity(rooms: StsRooms, request: Request, context: CallContext) -> Answer:
    """The account, name and ARN of the caller."""
    name = context.principal.name
    if context.access_key_id.startswith(PREFIX) and "/" in name:
        return {
            "UserId": f"{context.access_key_id}:{name.partition('/')[2]}",
            "Account": context.account,
            "Arn": f"arn:{partition_of(context.region)}:sts::{context.account}:assumed-role/{name}",
        }
    return {
        "UserId": name,
        "Account": context.account,
        "Arn": _user(context),
    }


@operations.add("AssumeRole", bound=True)
async def assume_role(rooms: StsRooms, request: Request, context: CallContext) -> Answer:
    """Credentials of an account for a while, with at most what the caller may do.

    There are no roles to look up: a key that is bound to an account may assume any of that account, an unbound one of
    any. A role whose name ends with finance, read, write or admin may do that and no more.
    """
    found = _ROLE_ARN.fullmatch(request["RoleArn"])
    if found is None:
        raise AwsError("ValidationError", f"{request['RoleArn'][:200]} is invalid")
    account, role = found.groups()
    bound = context.principal.account
    if bound not in (None, account):
        raise AwsError(
            "AccessDenied",
            f"User: {_user(context)} is not authorized to perform: sts:AssumeRole on resource: {request['RoleArn']}",
        )
    if request.get("Policy") or request.get("PolicyArns"):
        raise AwsError("MalformedPolicyDocument", "Session policies are not supported: they would not be followed.")
    seconds = request.get("DurationSeconds") or _HOUR_S
    if context.access_key_id.startswith(PREFIX):
        raise AwsError("AccessDenied", "Roles cannot be assumed with the credentials of a role here: use the key's own")
    name = f"{role}/{request['RoleSessionName']}"
    parent = rooms.keys.secret_of(context.access_key_id)
    session = open_session(
        parent.id if parent else "", parent.secret if parent else "", account, _role(role, context.principal.role),
        name, rooms.clock.now_ms() + seconds * 1000,
    )  # fmt: skip
    return {
        "Credentials": {
            "AccessKeyId": session.id,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": session.until_ms,
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{session.id}:{request['RoleSessionName']}",
            "Arn": f"arn:{partition_of(context.region)}:sts::{account}:assumed-role/{name}",
        },
        **({"SourceIdentity": request["SourceIdentity"]} if request.get("SourceIdentity") else {}),
    }


def _role(name: str, most: Role) -> Role:
    """What a role may do: what its name says, and never more than who assumes it."""
    said = re.split(r"[^a-z]+", name.lower())[-1]
    asked = Role(said) if said in set(Role) else most
    return asked if most.includes(asked) else most


def _user(context: CallContext) -> str:
    """The ARN of the caller as a user."""
    return f"arn:{partition_of(context.region)}:iam::{context.account}:user/{context.principal.name}"
