"""Findings: what the rules say about the events of a search."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.audit.conditions import AuditQuery, where
from trimtab.audit.findings.rule import STATEMENTS, Rule
from trimtab.audit.findings.rules import RULES
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry

_QUERIES = load_queries("trimtab.audit.findings")


class Finding(Struct, frozen=True):
    """Calls of one caller within ten minutes that a rule is about; `ids` are those of the first of them."""

    rule: Rule
    account: str
    user_arn: str
    user_name: str
    first_ms: int
    last_ms: int
    events: int
    failed: int
    names: Sequence[str]
    addresses: Sequence[str]
    ids: Sequence[str]


class Findings:
    """Asks every rule about what a scope covers, all in one statement."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def of(self, scope: Scope, query: AuditQuery, rules: Sequence[Rule] = RULES) -> list[Finding]:
        """What the rules find in a search, the newest first. Raises QueryAborted, Unavailable."""
        condition, params = where(scope, query)
        sql = _QUERIES["findings"].replace("/*and*/", condition)
        conditions = {rule.id: f"category = '{rule.category}' AND ({rule.condition})" for rule in rules}
        about = ", ".join(f"if({text}, '{id_}', '')" for id_, text in conditions.items())
        sql = sql.replace("/*about*/", about).replace("/*statements*/", STATEMENTS)
        params |= {
            "rules": [rule.id for rule in rules],
            "least": [rule.least for rule in rules],
            "different": [rule.different for rule in rules],
            "places": [rule.places for rule in rules],
        }
        rows = await self._telemetry.fetch(sql, params)
        columns = {name: column.tolist() for name, column in rows.items()}
        by_id = {rule.id: rule for rule in rules}
        return [
            Finding(
                rule=by_id[columns["rule"][row]],
                account=columns["account"][row],
                user_arn=columns["user_arn"][row],
                user_name=columns["who"][row],
                first_ms=int(columns["first"][row]),
                last_ms=int(columns["last"][row]),
                events=int(columns["events"][row]),
                failed=int(columns["failed"][row]),
                names=sorted(columns["names"][row]),
                addresses=sorted(columns["addresses"][row]),
                ids=tuple(columns["ids"][row]),
            )
            for row in range(len(columns["account"]))
        ]
