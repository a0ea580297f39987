"""What of the audit a read sees, as a condition over the columns of `audit_events` with bound parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.audit.model import Attribute, Position

MIN_MS, MAX_MS = 0, 4_102_444_800_000
_ATTRIBUTES: Mapping[Attribute, str] = {
    Attribute.EVENT_ID: "event_id = {%s:String}",
    Attribute.EVENT_NAME: "event_name = {%s:String}",
    Attribute.READ_ONLY: "read_only = ({%s:String} = 'true')",
    # Of a role that was assumed CloudTrail shows the session's name; people know the role's.
    Attribute.USERNAME: "(user_name = {%s:String} OR session_name = {%s:String})",
    Attribute.RESOURCE_TYPE: "has(resource_types, {%s:String})",
    Attribute.RESOURCE_NAME: "has(resource_names, {%s:String})",
    Attribute.EVENT_SOURCE: "event_source = {%s:String}",
    Attribute.ACCESS_KEY_ID: "access_key_id = {%s:String}",
}
FACETS: Mapping[str, str] = {
    "user": "user_name",
    "source": "event_source",
    "name": "event_name",
    "error": "error_code",
    "ip": "source_ip",
    "account": "account",
    "region": "region",
    "category": "category",
}
"""What events are filtered by on the page and over REST: the name of a facet, and its column."""


class AuditQuery(Struct, frozen=True):
    """Events of `[start_ms, end_ms)`.

    `attributes` are LookupEvents' pairs, `facets` values by the names of `FACETS`; several values of one are
    alternatives. `about` are words of which one must be a resource's name, part of an ARN or another name that the
    request has. `text` is found anywhere in the record, whatever its case. Conditions add up.
    """

    start_ms: int = MIN_MS
    end_ms: int = MAX_MS
    attributes: Sequence[tuple[Attribute, str]] = ()
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    about: Sequence[str] = ()
    text: str = ""
    changes_only: bool = False
    errors_only: bool = False
    user_agent_prefix: str = ""


def where(scope: Scope, query: AuditQuery, after: Position | None = None) -> tuple[str, dict[str, Any]]:
    """The condition of a query, and its parameters. Records carry no tags: a scope with rules on rows sees none."""
    parts, params = scoped(scope)
    parts += [
        "time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')",
        "time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')",
    ]
    params |= {"start": max(query.start_ms, MIN_MS), "end": max(min(query.end_ms, MAX_MS), MIN_MS)}
    for number, (attribute, value) in enumerate(query.attributes):
        name = f"a{number}"
        parts.append(_ATTRIBUTES[attribute].replace("%s", name))
        params[name] = value.lower() if attribute is Attribute.READ_ONLY else value
    for facet, values in query.facets.items():
        parts.append(f"{FACETS[facet]} IN {{f_{facet}:Array(String)}}")
        params[f"f_{facet}"] = list(values)
    if query.about:
        parts.append(
            "(hasAny(resource_names, {about:Array(String)}) OR hasAny(touched, {about:Array(String)})"
            " OR arrayExists(name -> multiSearchAny(name, {about:Array(String)}), resource_names))"
        )
        params["about"] = list(query.about)
    if query.text:
        parts.append("positionCaseInsensitiveUTF8(record, {text:String}) > 0")
        params["text"] = query.text
    if query.changes_only:
        parts.append("read_only = 0")
    if query.errors_only:
        parts.append("error_code != ''")
    if query.user_agent_prefix:
        parts.append("startsWith(user_agent, {agent:String})")
        params["agent"] = query.user_agent_prefix
    if after is not None:
        parts.append("(time, event_id) < (fromUnixTimestamp64Milli({after:Int64}, 'UTC'), {after_id:String})")
        params |= {"after": after.time_ms, "after_id": after.id}
    return " AND ".join(parts), params


def scoped(scope: Scope) -> tuple[list[str], dict[str, Any]]:
    """The conditions of a scope alone."""
    parts: list[str] = ["0"] if scope.rows else ["1"]
    params: dict[str, Any] = {}
    if scope.accounts is not None:
        parts.append("account IN {s_accounts:Array(String)}")
        params["s_accounts"] = sorted(scope.accounts)
    if scope.regions is not None:
        parts.append("region IN {s_regions:Array(String)}")
        params["s_regions"] = sorted(scope.regions)
    return parts, params
