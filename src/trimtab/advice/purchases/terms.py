"""From when to when commitments run, as connected accounts say it: Savings Plans and Reserved Instances."""

from collections.abc import Iterable

from trimtab.access.scope import Scope
from trimtab.advice.purchases.advisor import Terms
from trimtab.inventory.resources import Resource, ResourceStore

KINDS = ("savingsplans:savingsplan", "ec2:reserved-instances")
_MOST = 10_000


def terms_of(resources: Iterable[Resource]) -> Terms:
    """The start and end (UTC ms; None where it is not known) of each commitment, by its ARN."""
    return {
        one.arn: (_when(one, "start", "Start"), _when(one, "end", "End"))
        for one in resources
        if one.arn and one.ref.kind in KINDS
    }


def _when(one: Resource, *names: str) -> int | None:
    found = next((one.attributes[name] for name in names if name in one.attributes), None)
    return int(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


async def read_terms(store: ResourceStore, scope: Scope) -> Terms:
    """Those of all accounts that `scope` sees."""
    found: list[Resource] = []
    for kind in KINDS:
        found += await store.listed(scope, kind=kind, limit=_MOST)
    return terms_of(found)
