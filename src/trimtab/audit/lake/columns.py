"""The columns of an event data store, as expressions over `audit_events`.

Source: "CloudTrail Lake supported SQL schemas", CloudTrail user guide. Names are the same in any case.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

Type = Literal["text", "number", "bool", "time", "json", "list"]


class Typed(Struct, frozen=True):
    """A piece of SQL, and what it answers. `path` are the members of a record that a `json` one stands for."""

    sql: str
    type: Type
    path: tuple[str, ...] = ()


_TEXT_COLUMNS = {
    "eventSource": "event_source",
    "eventName": "event_name",
    "awsRegion": "region",
    "sourceIPAddress": "source_ip",
    "userAgent": "user_agent",
    "errorCode": "error_code",
    "errorMessage": "error_message",
    "requestID": "request_id",
    "eventID": "event_id",
    "eventType": "event_type",
    "recipientAccountId": "account",
    "eventCategory": "category",
}
_OF_RECORD = (
    "eventVersion",
    "apiVersion",
    "sharedEventID",
    "annotation",
    "vpcEndpointId",
    "sessionCredentialFromConsole",
)
_JSON = (
    "userIdentity", "requestParameters", "responseElements", "additionalEventData", "resources", "serviceEventDetails",
    "addendum", "edgeDeviceDetails", "insightDetails", "tlsDetails", "eventContext",
)  # fmt: skip
COLUMNS: Sequence[str] = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData",
    "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion", "managementEvent",
    "recipientAccountId", "sharedEventID", "annotation", "vpcEndpointId", "serviceEventDetails", "addendum",
    "edgeDeviceDetails", "insightDetails", "eventCategory", "tlsDetails", "sessionCredentialFromConsole",
    "eventContext",
)  # fmt: skip
"""Every column, in the order of SELECT *."""
_BY_LOWER = {name.lower(): name for name in COLUMNS}
_MEMBERS = {
    name.lower(): name
    for name in (
        "type", "principalId", "arn", "accountId", "accessKeyId", "userName", "sessionContext", "invokedBy",
        "identityProvider", "credentialId", "onBehalfOf", "attributes", "creationDate", "mfaAuthenticated",
        "sessionIssuer", "webIdFederationData", "federatedProvider", "sourceIdentity", "ec2RoleDelivery",
        "ec2IssuedInVpc", "tlsVersion", "cipherSuite", "clientProvidedHostHeader", "state", "eventSource", "eventName",
        "insightType", "insightContext", "statistics", "baseline", "insight", "average", "errorCode", "attributions",
    )
}  # fmt: skip
"""Members of structures, by their names in lower case: SQL knows no case, JSON does."""


def column(name: str, table: str) -> Typed | None:
    """The column of a name over the relation `table`, or None."""
    known = _BY_LOWER.get(name.lower())
    if known is None:
        return None
    if known == "eventTime":
        return Typed(f"{table}.time", "time")
    if known == "readOnly":
        return Typed(f"({table}.read_only = 1)", "bool")
    if known == "managementEvent":
        return Typed(f"JSONExtractBool({table}.record, 'managementEvent')", "bool")
    if known in _TEXT_COLUMNS:
        return Typed(f"nullIf(toString({table}.{_TEXT_COLUMNS[known]}), '')", "text")
    if known in _OF_RECORD:
        return Typed(f"nullIf(JSONExtractString({table}.record, '{known}'), '')", "text")
    return Typed(raw(table, (f"'{known}'",)), "json", (f"{table}.record", f"'{known}'"))


def member(of: Typed, name: str, bind: Callable[[str], str]) -> Typed:
    """A member of a structure or a map; what is no object is answered as its text."""
    key = (
        bind(_MEMBERS.get(name.lower(), name))
        if of.path[1] in ("'userIdentity'", "'tlsDetails'", "'insightDetails'")
        else bind(name)
    )
    return _at((*of.path, key))


def element(of: Typed, key: str) -> Typed:
    """An element by a bound key, or by a number from 1 on."""
    return _at((*of.path, key))


def _at(path: tuple[str, ...]) -> Typed:
    inside = ", ".join(path)
    text = f"if(JSONType({inside}) = 'String', JSONExtractString({inside}), JSONExtractRaw({inside}))"
    return Typed(f"nullIf(nullIf({text}, ''), 'null')", "json", path)


def raw(table: str, path: Sequence[str]) -> str:
    """The JSON of a member of the record; NULL where it is not there."""
    return f"nullIf(nullIf(JSONExtractRaw({table}.record, {', '.join(path)}), ''), 'null')"


Members = Mapping[str, Typed]
