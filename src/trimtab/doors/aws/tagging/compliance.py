"""Whether tags keep the tag policies of the allocation rules."""

from collections.abc import Sequence

from trimtab.economics.rules.model import TagPolicy
from trimtab.economics.tags.reports import keeps
from trimtab.inventory.tagging import Tagged

Policies = Sequence[TagPolicy]


def details(one: Tagged, policies: Policies) -> dict[str, object]:
    """ComplianceDetails: keys that are missing, and keys whose value is none that the policy asks for.

    Policies that hold for some lines of the bill only (`where`) say nothing of a resource.
    """
    missing, wrong = [], []
    for policy in policies:
        if policy.where is not None:
            continue
        value = one.tags.get(policy.key)
        if value is None:
            missing.append(policy.key)
        elif not keeps(policy, value):
            wrong.append(policy.key)
    return {
        "NoncompliantKeys": missing,
        "KeysWithNoncompliantValues": wrong,
        "ComplianceStatus": not missing and not wrong,
    }
