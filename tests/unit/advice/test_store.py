"""The findings store: what is new, gone and changed, and decisions that stay with a finding."""

import asyncio
from decimal import Decimal

import pytest

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.advice.finding import Finding, Judgement, Pillar, Undecided
from trimtab.advice.standing import Decision, Wanted
from trimtab.advice.store import FindingStore
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.inventory.owners import OwnerRules
from trimtab.store.state.database import State

VOLUME = Finding(
    check="DAvU99Dc4C",
    pillar=Pillar.COST,
    resource="aws/123456789012/us-east-1/volume/vol-1",
    kind="ec2:volume",
    name="vol-1",
    account="123456789012",
    region="us-east-1",
    summary="attached to nothing",
    owner="research",
    cash=Decimal("8.00"),
)
OTHER = replace(VOLUME, resource="aws/123456789012/us-east-1/volume/vol-2", name="vol-2", cash=Decimal("80"))


@pytest.fixture
def store(state: State) -> FindingStore:
    return FindingStore(state, ManualClock())


def publish(store: FindingStore, *found: Finding, undecided: tuple[Undecided, ...] = ()) -> object:
    return asyncio.run(store.publish((Judgement("DAvU99Dc4C", found, undecided, 5),)))


def test_what_is_found_again_is_not_new_and_what_is_not_is_gone(store: FindingStore) -> None:
    first = asyncio.run(store.publish((Judgement("DAvU99Dc4C", (VOLUME, OTHER), (), 5),)))
    assert {VOLUME.id, OTHER.id} == set(first.new)
    second = asyncio.run(store.publish((Judgement("DAvU99Dc4C", (replace(OTHER, cash=Decimal(90)),), (), 5),)))
    assert ((), (VOLUME.id,), (OTHER.id,)) == (second.new, second.gone, second.changed)
    (left,) = asyncio.run(store.listed(EVERYTHING))
    assert Decimal(90) == left.finding.cash
    assert [second, first] == [run.changes for run in asyncio.run(store.runs())]


def test_a_finding_comes_back_as_it_was_given(store: FindingStore) -> None:
    publish(store, VOLUME)
    assert VOLUME == asyncio.run(store.get(EVERYTHING, VOLUME.id)).finding


def test_a_finding_without_an_owner_is_the_one_of_its_tags_or_account(state: State) -> None:
    async def rules() -> OwnerRules:
        return OwnerRules(accounts={"123456789012": "platform"})

    store = FindingStore(state, ManualClock(), rules)
    nobody = replace(VOLUME, owner="")
    publish(store, nobody, replace(OTHER, owner="", tags={"Owner": "vision"}))
    found = {one.finding.name: one.finding for one in asyncio.run(store.listed(EVERYTHING))}
    assert ("platform", "account 123456789012 is platform's") == (found["vol-1"].owner, found["vol-1"].owner_reason)
    assert ("vision", "tag Owner") == (found["vol-2"].owner, found["vol-2"].owner_reason)


def test_the_most_cash_comes_first_weighed_by_confidence(store: FindingStore) -> None:
    publish(store, VOLUME, replace(OTHER, confidence=0.05))
    assert ["vol-1", "vol-2"] == [one.finding.name for one in asyncio.run(store.listed(EVERYTHING))]


def test_a_suppressed_finding_is_hidden_until_its_time(state: State) -> None:
    clock = ManualClock()
    store = FindingStore(state, clock)
    publish(store, VOLUME)
    until = clock.now_ms() + 60_000
    asyncio.run(store.decide(EVERYTHING, VOLUME.id, Decision.SUPPRESSED, "ada", "needed in March", until))
    assert [] == asyncio.run(store.listed(EVERYTHING))
    assert 1 == len(asyncio.run(store.listed(EVERYTHING, Wanted(hidden=True))))
    clock.advance(61)
    assert 1 == len(asyncio.run(store.listed(EVERYTHING)))
    (told,) = asyncio.run(store.decisions(EVERYTHING, VOLUME.id))
    assert ("suppressed", "ada", "needed in March") == (told["decision"], told["who"], told["reason"])


def test_a_decision_outlives_a_run(store: FindingStore) -> None:
    publish(store, VOLUME)
    asyncio.run(store.decide(EVERYTHING, VOLUME.id, Decision.ACCEPTED, "ada"))
    publish(store, replace(VOLUME, cash=Decimal(9)))
    assert Decision.ACCEPTED is asyncio.run(store.get(EVERYTHING, VOLUME.id)).decision


def test_suppressing_needs_a_reason(store: FindingStore) -> None:
    publish(store, VOLUME)
    with pytest.raises(InvalidInput, match="expected a reason"):
        asyncio.run(store.decide(EVERYTHING, VOLUME.id, Decision.SUPPRESSED, "ada"))


def test_a_scope_sees_its_own_findings_only(store: FindingStore) -> None:
    publish(store, VOLUME)
    elsewhere = Scope(frozenset({"999999999999"}))
    assert [] == asyncio.run(store.listed(elsewhere))
    with pytest.raises(NotFound):
        asyncio.run(store.get(elsewhere, VOLUME.id))
    others = Scope(rows=(RowRule("team", frozenset({"search"})),))
    assert [] == asyncio.run(store.listed(others))


def test_what_could_not_be_judged_is_kept_with_its_reason(store: FindingStore) -> None:
    publish(store, undecided=(Undecided("aws/1/r/volume/vol-9", "no metric of it"),))
    run = asyncio.run(store.checks(EVERYTHING))["DAvU99Dc4C"]
    assert ((("aws/1/r/volume/vol-9", "no metric of it"),), 5) == (run.undecided, run.looked_at)


def test_what_could_not_be_judged_of_other_accounts_is_not_told(store: FindingStore) -> None:
    publish(store, undecided=(Undecided("aws/1/r/volume/vol-9", "no metric"), Undecided("aws/2/r/volume/x", "none")))
    run = asyncio.run(store.checks(Scope(accounts=frozenset({"1"}))))["DAvU99Dc4C"]
    assert run.undecided == (("aws/1/r/volume/vol-9", "no metric"),)
