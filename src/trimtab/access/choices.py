"""What a credential gives now: its own grant, its service account's, or that of one of its person's groups.

A person of several groups acts as one at a time. Their grants are never joined: what one group may do and another may
see would be more than any of them was given.
"""

import json
from collections.abc import Mapping

from sqlalchemy import RowMapping

from trimtab.access.grant import Grant
from trimtab.access.grants import GROUP, SERVICE, Named
from trimtab.access.principal import Role
from trimtab.access.scope import rows_of_text

OWN = ""
"""The name of the choice that is no group: what the credential gives by itself."""

Row = RowMapping
Choices = Mapping[str, Grant]


def choices_of(row: Row, named: Named) -> Choices:
    """What a row of `access_keys` may act as, by name, groups first. Empty: it opens nothing."""
    if row["owner"]:
        service = named.get((SERVICE, row["owner"]))
        return {} if service is None or service.disabled_ms is not None else {OWN: service.grant}
    groups = sorted(name for name in json.loads(row["groups"]) if (GROUP, name) in named)
    found = {name: named[GROUP, name].grant for name in groups}
    return found | ({OWN: own_grant(row)} if row["role"] else {})


def chosen(row: Row, choices: Choices) -> str:
    """Which of its choices counts: the one that was chosen, as long as it is there, else the first."""
    return row["acting"] if row["acting"] in choices else next(iter(choices))


def own_grant(row: Row) -> Grant:
    """What a row gives by itself; of a row without a role of its own, as little as there is."""
    return Grant(Role(row["role"] or Role.FINANCE), row["account"], rows_of_text(row["scope_rows"]))
