"""Operations on policies of accounts: data protection, transformers and field indexes of all their groups."""

import re
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.protection import check_protection
from trimtab.doors.aws.logs.rooms import LogRooms, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.documents import Document, DocumentKind
from trimtab.logs.field_indexes import read_index_policy
from trimtab.logs.protection.policies import DATA_PROTECTION, AccountPolicy
from trimtab.logs.transform.transformer import read_document

_CHECKS = {DocumentKind.TRANSFORMER: read_document, DocumentKind.INDEX: read_index_policy}
_PREFIX = re.compile(r'\s*LogGroupNamePrefix\s*={1,2}\s*"([^"]+)"\s*')


@operations.add("PutAccountPolicy", needs=Role.ADMIN)
async def put_account_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Mask, transform or index what comes into the groups of the account from now on."""
    kind, selection = _kind(request), request.get("selectionCriteria")
    name, document = request["policyName"], request["policyDocument"]
    place = context.account, context.region
    try:
        if kind is not None:
            match = _PREFIX.fullmatch(selection) if selection else None
            if selection and match is None:
                raise invalid('selectionCriteria must be LogGroupNamePrefix = "…" for this type of policy')
            _CHECKS[kind](document)
            made = await rooms.room.documents.put_account(kind, place, name, document, match[1] if match else "")
            return {"accountPolicy": _document_shown(made)}
        if selection:
            raise invalid(f"selectionCriteria is not supported for {DATA_PROTECTION}")
        await check_protection(rooms, context, document)
        return {"accountPolicy": _shown(await rooms.room.policies.put_account(*place, name, document))}
    except LimitExceeded as problem:
        raise AwsError("LimitExceededException", str(problem)) from None


@operations.add("DescribeAccountPolicies")
async def describe_account_policies(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The policies of the account."""
    type_, name, place = request["policyType"], request.get("policyName"), (context.account, context.region)
    if type_ in set(DocumentKind):
        every = (await rooms.room.documents.every(DocumentKind(type_))).accounts
        shown = [_document_shown(one) for one in every if (one.account, one.region) == place]
    else:
        found = await rooms.room.policies.of_account(*place) if type_ == DATA_PROTECTION else []
        shown = [_shown(one) for one in found]
    return {"accountPolicies": [one for one in shown if name in (None, one["policyName"])]}


@operations.add("DeleteAccountPolicy", needs=Role.ADMIN)
async def delete_account_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Forget a policy of the account; what it did to events stays."""
    kind, name, place = _kind(request), request["policyName"], (context.account, context.region)
    if kind is not None:
        await rooms.room.documents.delete_account(kind, place, name)
    else:
        await rooms.room.policies.delete_account(*place, name)
    return {}


def _kind(request: Request) -> DocumentKind | None:
    """The kind of a policy that is kept as a document; None for data protection. Raises AwsError for others."""
    type_ = request["policyType"]
    if request.get("dryRun"):
        raise invalid("dryRun is of retention policies, which trimtab does not have for accounts")
    if type_ == DATA_PROTECTION:
        return None
    if type_ not in set(DocumentKind):
        known = ", ".join((DATA_PROTECTION, *DocumentKind))
        raise invalid(f"cannot use a policy of type {type_}: trimtab has {known}")
    return DocumentKind(type_)


def _document_shown(one: Document) -> dict[str, Any]:
    criteria = {"selectionCriteria": f'LogGroupNamePrefix = "{one.prefix}"'} if one.prefix else {}
    return {
        "policyName": one.name,
        "policyDocument": one.text,
        "lastUpdatedTime": one.updated_ms,
        "policyType": str(one.kind),
        "scope": "ALL",
        "accountId": one.account,
        **criteria,
    }


def _shown(policy: AccountPolicy) -> dict[str, Any]:
    return {
        "policyName": policy.name,
        "policyDocument": policy.document,
        "lastUpdatedTime": policy.updated_ms,
        "policyType": DATA_PROTECTION,
        "scope": "ALL",
        "accountId": policy.account,
    }
