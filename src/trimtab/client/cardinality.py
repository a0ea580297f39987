"""What costs most series, and rules of what is not kept: typed calls over a `Client`. Errors are those of `Client`."""

from trimtab.client import cardinality_wire as wire
from trimtab.client.api import Client
from trimtab.client.parameters import parameters

_REPORT, _RULES = "/rest/v1/cardinality", "/rest/v1/drop-rules"


def report(
    client: Client, by: wire.ByName, namespace: str = "", name: str = "", limit: int = 20
) -> wire.CardinalityReport:
    """What costs most series: of all, or of one namespace or metric."""
    query = parameters(by=by, namespace=namespace, name=name, limit=limit)
    return client.call("GET", _REPORT, wire.CardinalityReport, query=query)


def rules(client: Client) -> list[wire.DropRule]:
    """The rules."""
    return client.call("GET", _RULES, wire.DropRuleList).rules


def put(client: Client, rule: wire.PutDropRule) -> list[wire.DropRule]:
    """Keep a rule in place of one of its name (role admin); all rules."""
    return client.call("PUT", _RULES, wire.DropRuleList, body=rule).rules


def remove(client: Client, name: str) -> list[wire.DropRule]:
    """Take a rule out (role admin); those that are left."""
    return client.call("DELETE", _RULES, wire.DropRuleList, query=[("name", name)]).rules
