"""The commitments panel: every provider has its own line, and AWS's rates are of AWS's commitments."""

import asyncio
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

from trimtab.access.scope import EVERYTHING
from trimtab.costs.explorer.commitments import CommitmentUse, ProviderUse, SavingsRate, SpendCoverage
from trimtab.costs.explorer.explorer import Slice
from trimtab.web.costs.pledges import Pledges, pledge_tiles, read_pledges

AWS, AZURE = Slice(0, 1, ("AWS",), "USD"), Slice(0, 1, ("Azure",), "USD")
USES = {
    Slice(0, 1, ("Savings Plan", "arn:aws:sp/1", "AWS"), "USD"): CommitmentUse(D(40), D(30)),
    Slice(0, 1, ("Savings Plan", "/plans/2", "Microsoft"), "USD"): CommitmentUse(D(100), D(10)),
}
OF = {
    AWS: ProviderUse(SpendCoverage(D(50), D(50)), CommitmentUse(D(40), D(30)), SavingsRate(D(100), D(90), D(10))),
    AZURE: ProviderUse(SpendCoverage(D(20), D(60)), CommitmentUse(D(100), D(10)), SavingsRate(D(80), D(160), D(90))),
}


class Asked:
    """An explorer that answers these."""

    def __init__(self, uses: dict[Slice, CommitmentUse], of: dict[Slice, ProviderUse]) -> None:
        self._uses, self._of = uses, of

    async def commitments(self, *_: Any, **__: Any) -> dict[Slice, CommitmentUse]:
        return self._uses

    async def by_provider(self, *_: Any) -> dict[Slice, ProviderUse]:
        return self._of

    async def nothing(self, *_: Any, **__: Any) -> dict[Slice, Any]:
        return {}

    hour_coverage = spend_coverage = savings_rate = nothing


def panel(uses: dict[Slice, CommitmentUse], of: dict[Slice, ProviderUse]) -> Pledges:
    question = SimpleNamespace(span=(0, 1), where=None)
    [found] = asyncio.run(read_pledges(Asked(uses, of), EVERYTHING, question))  # type: ignore[arg-type] # what is asked
    return found


def test_each_provider_has_its_figures_and_each_commitment_its_provider() -> None:
    found = panel(USES, OF)
    assert [("AWS", 0.5, 0.75, "10.00"), ("Azure", 0.25, 0.1, "90.00")] == [
        (one.provider, one.coverage, one.utilisation, one.unused) for one in found.providers
    ]
    assert {("Azure", "Azure savings plan"), ("AWS", "Savings Plan")} == {
        (one.provider, one.kind) for one in found.pledges
    }
    [plans] = [one for one in found.rates if one.figure.id == "savings_plans_used"]
    assert 0.75 == plans.share


def test_aws_alone_needs_no_table_of_providers() -> None:
    mine = {place: use for place, use in USES.items() if place.keys[2] == "AWS"}
    assert () == panel(mine, {AWS: OF[AWS]}).providers


def test_a_bill_without_aws_says_nothing_of_aws() -> None:
    others = {place: use for place, use in USES.items() if place.keys[2] != "AWS"}
    found = panel(others, {AZURE: OF[AZURE]})
    assert () == found.rates
    assert [] == pledge_tiles([found])
