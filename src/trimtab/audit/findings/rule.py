"""A rule over audit records, and the conditions that rules are made of.

Conditions are ClickHouse's, over the columns of `audit_events`. They hold constants only: no user's text is ever in
one. `own` is an array of the accounts whose records the search covers; what lets those in lets nobody else in.
"""

from msgspec import Struct

from trimtab.audit.model import MANAGEMENT

ASKED = "JSONExtractRaw(record, 'requestParameters')"
"""What a call asked for, as JSON."""
LONG_LIVED = "user_type IN ('IAMUser', 'Root')"
"""The caller is a person or a key that does not expire: deployments and pipelines should come with a role."""
BY_HAND = "source_ip NOT LIKE '%.amazonaws.com' AND source_ip != 'AWS Internal'"
"""No service of AWS made the call for somebody."""
INSTANCE = "user_type = 'AssumedRole' AND startsWith(session_name, 'i-')"
"""The caller has the credentials that the role of an instance gives it."""
DENIED = (
    "error_code IN ('AccessDenied', 'Client.UnauthorizedOperation', 'AccessDeniedException', "
    "'UnauthorizedOperation', 'Client.AccessDenied', 'access_denied')"
)
SUCCEEDED = "error_code = ''"

_POLICIES = ("policyDocument", "assumeRolePolicyDocument", "policy", "policyText", "resourcePolicy")
_POLICY = (
    "concat(JSONExtractRaw(record, 'requestParameters', 'bucketPolicy'), "
    + ", ".join(f"JSONExtractString(record, 'requestParameters', '{name}')" for name in _POLICIES)
    + ", JSONExtractString(record, 'requestParameters', 'attributes', 'Policy'))"
)
"""The policy that a call sets. A call sets one, under a name of its service's own: the others are empty."""
STATEMENTS = (
    f"arrayConcat(JSONExtractArrayRaw({_POLICY} AS policy, 'Statement'), "
    "if(JSONType(policy, 'Statement') = 'Object', [JSONExtractRaw(policy, 'Statement')], []))"
)
"""The statements of that policy, which conditions know as `statements`."""
_LOG_DELIVERY = (
    "127311923021", "033677994240", "027434742980", "797873946194", "985666609251", "054676820928", "156460612806",
    "652711504416", "009996457667", "897822967062", "635631232127", "600734575887", "582318560864", "383597477331",
    "114774131450", "783225319266", "718504428378", "507241528517", "098369216593", "754344448648", "076674570225",
)  # fmt: skip
"""Accounts of Elastic Load Balancing by region, to which its guide has one open a bucket for access logs."""
_ACCOUNTS = "extractAll(JSONExtractRaw(one, 'Principal'), '[0-9]{12}')"
_ELSEWHERE = "other != account AND NOT has(own, other) AND other NOT IN (" + ", ".join(
    f"'{one}'" for one in _LOG_DELIVERY
)
LETS_OUTSIDERS_IN = (
    f"arrayExists(one -> JSONExtractString(one, 'Effect') = 'Allow' "
    f"AND arrayExists(other -> {_ELSEWHERE}), {_ACCOUNTS}), statements)"
)
"""A statement of the policy allows something to an account that is none of `own`."""
LETS_EVERYBODY_IN = (
    "arrayExists(one -> JSONExtractString(one, 'Effect') = 'Allow' AND NOT JSONHas(one, 'Condition') "
    "AND match(JSONExtractRaw(one, 'Principal'), '\"[*]\"'), statements)"
)
"""A statement of the policy allows something to the principal *, without a condition."""
ALLOWS_EVERYTHING = (
    "arrayExists(one -> JSONExtractString(one, 'Effect') = 'Allow' "
    "AND match(JSONExtractRaw(one, 'Action'), '^[[]?\"([*]|iam:[*]|[*]:[*])\"') "
    "AND match(JSONExtractRaw(one, 'Resource'), '^[[]?\"[*]\"'), statements)"
)
"""A statement of the policy allows every action, or every one of IAM, on everything."""


class Rule(Struct, frozen=True, kw_only=True):
    """A rule: `condition` over the columns of `audit_events`, for events of one `category`.

    Within ten minutes one caller must have made `least` such calls, of `different` names, from `places` addresses.
    """

    id: str
    title: str
    why: str
    technique: str
    severity: str
    condition: str
    category: str = MANAGEMENT
    least: int = 1
    different: int = 1
    places: int = 1


def calls(source: str, *names: str) -> str:
    """Calls of a service by their names."""
    listed = ", ".join(f"'{name}'" for name in names)
    return f"(event_source = '{source}.amazonaws.com' AND event_name IN ({listed}))"


def versioned(source: str, *names: str) -> str:
    """Calls of a service whose names CloudTrail writes with the version of the API behind them, as Lambda's."""
    begun = " OR ".join(f"startsWith(event_name, '{name}')" for name in names)
    return f"(event_source = '{source}.amazonaws.com' AND ({begun}))"


def either(*conditions: str) -> str:
    """One of them."""
    return "(" + " OR ".join(f"({one})" for one in conditions) + ")"


def both(*conditions: str) -> str:
    """All of them, the cheapest first."""
    return "(" + " AND ".join(f"({one})" for one in conditions) + ")"


def asked(*path: str) -> str:
    """A text that the call asked for."""
    return f"JSONExtractString(record, 'requestParameters', {_listed(path)})"


def asked_for(*path: str) -> str:
    """Whether the call had such a member."""
    return f"JSONHas(record, 'requestParameters', {_listed(path)})"


def many(count: int, *path: str) -> str:
    """Whether the call named at least so many of them."""
    return f"JSONLength(record, 'requestParameters', {_listed(path)}) >= {count}"


def says(pattern: str) -> str:
    """Whether what the call asked for matches a pattern (RE2)."""
    return f"match({ASKED}, '{pattern}')"


def _listed(path: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in path)
