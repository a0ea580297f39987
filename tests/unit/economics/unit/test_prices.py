"""What answers and runs cost: prices, parts that add up, the cost of latency, tries of one piece of work."""

from decimal import Decimal

import numpy as np
import pytest

from trimtab.access.scope import RowRule, Scope
from trimtab.base.records import replace
from trimtab.economics.shared.model import Use
from trimtab.economics.unit.latency import latency_cost
from trimtab.economics.unit.links import model_links
from trimtab.economics.unit.model import Calls, Deploy, Served, Traffic
from trimtab.economics.unit.prices import ModelCost, models_of, prices_of
from trimtab.economics.unit.runs import Outcome, family, runs_of, tries_of
from trimtab.economics.unit.seen import seen_by
from trimtab.economics.unit.teams import teams_of
from trimtab.fleet.claims import holder_name
from trimtab.fleet.frame import NOBODY_HELD
from trimtab.inventory.runs.model import Run, RunState
from unit.economics.unit.made import DAY, START, ledger, piece, run

GRID = (START, START + 2 * DAY, DAY)
SERVED = {"search/svc-0": Served("m", "svc")}


def replica(name: str = "search/svc-0") -> Run:
    return run(name, RunState.RUNNING, -100, None, pod=name, tags={"kind": "Deployment"}, gpus=2.0)


def traffic(requests: list[float], tokens: float = 500.0) -> Traffic:
    row = np.array(requests)
    return Traffic(START, DAY, row, row * tokens, row * tokens, row * 0.0, np.full(len(row), np.nan))


def calls(day: int, version: str, number: int, tenant: str = "a") -> Calls:
    return Calls(
        START + day * DAY, "m", version, tenant, "svc", number, 0, 1.0, 1.0, 1.0 * number, 3.0 * number, "t" * 32
    )


def models(work: list[Calls]) -> list[ModelCost]:
    one = replica()
    held = holder_name(one)
    slices = [piece(held, Use.ACTIVE, "60"), piece(held, Use.IDLE, "40"), piece(held, Use.ACTIVE, "100", day=1)]
    book = ledger([one], slices)
    did = {"m": traffic([1_000_000.0, 500_000.0])}
    deploys = [Deploy(START + DAY, "svc", "2"), Deploy(START, "other", "9")]
    return models_of(book, SERVED, did, work, deploys, GRID, START + 7 * DAY)


def test_a_model_costs_its_replicas_over_what_they_served() -> None:
    (one,) = models([])
    assert (Decimal(200), Decimal(40)) == (one.prices.cost, one.idle_cost)
    assert Decimal("0.133333") == one.prices.per_1k_requests
    assert Decimal("0.133333") == one.prices.per_1m_tokens
    assert [0.1, 0.2] == pytest.approx(one.per_1k_requests.tolist())
    assert [Deploy(START + DAY, "svc", "2")] == list(one.deploys)
    assert one.prices.assumed


def test_versions_and_what_no_trace_tells_of_add_up_to_the_model() -> None:
    (one,) = models([calls(1, "1", 30), calls(1, "2", 10)])
    assert {"1": Decimal(75), "2": Decimal(25), "": Decimal(100)} == {
        part.name: part.prices.cost for part in one.versions
    }
    assert 375_000 == pytest.approx(one.versions[0].prices.requests)
    assert not one.prices.assumed


def test_the_time_of_prefill_and_decode_divides_a_cost_and_nothing_is_lost() -> None:
    found = prices_of(Decimal(400), (10.0, 1_000_000.0, 1_000_000.0, 0.0), 1.0, 3.0)
    assert (Decimal(100), Decimal(300)) == (found.per_1m_input, found.per_1m_output)
    nothing = prices_of(Decimal(5), (0.0, 0.0, 0.0, 0.0), 0.0, 0.0)
    assert (None, None, False) == (nothing.per_1k_requests, nothing.per_1m_output, nothing.assumed)
    cached = prices_of(Decimal(100), (1.0, 2e6, 1e6, 1e6), 0.0, 0.0)
    assert cached.per_1m_cached is not None
    assert cached.per_1m_input is not None
    assert cached.per_1m_cached * 10 == pytest.approx(cached.per_1m_input, rel=Decimal("0.001"))


def test_a_millisecond_costs_what_price_and_latency_show_when_they_part() -> None:
    late = np.linspace(100, 200, 24)
    found = latency_cost(5 - 0.01 * late, late)
    assert 0.01 == pytest.approx(found.per_ms)
    together = latency_cost(late, late)
    assert together.per_ms is None
    assert "do not move against each other" in together.reason
    assert "are needed" in latency_cost(late[:5], late[:5]).reason


def test_tries_before_are_those_of_the_same_work_that_failed_within_a_day() -> None:
    every = [
        run("ranker-r1", RunState.FAILED, 0, 2),
        run("ranker-r2", RunState.PREEMPTED, 3, 5),
        run("ranker-r3", RunState.COMPLETED, 6, 9),
        run("ranker-r4", RunState.COMPLETED, 10, 12),
        run("other-r1", RunState.FAILED, 0, 1),
        run("other-r2", RunState.COMPLETED, 60, 61),
    ]
    names = [holder_name(one) for one in every]
    found = tries_of(list(zip(names, every, strict=True)))
    assert [(), (names[0],), (names[0], names[1]), (), (), ()] == [found[name] for name in names]
    slices = [piece(name, Use.ACTIVE, str(at + 1)) for at, name in enumerate(names)]
    costs = {one.holder: one for one in runs_of(ledger(every, slices), {names[2]: 3.0})}
    third = costs[names[2]]
    assert {Outcome.FAILED: Decimal(1), Outcome.PREEMPTED: Decimal(2)} == third.lost
    assert Decimal(2) == third.per_epoch  # three of its own and three of the tries before, over three epochs
    assert costs[names[0]].retried
    assert not costs[names[4]].retried


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ranker-ft-r13", "ranker-ft"), ("sft_70b_17", "sft-70b"), ("embed-28394800-x7k2p", "embed"), ("llama", "llama")],
)
def test_a_name_is_known_without_what_numbers_it(name: str, expected: str) -> None:
    assert expected == family(name)


def test_a_gpu_hour_costs_more_used_than_paid() -> None:
    one = run("a")
    held = holder_name(one)
    slices = [piece(held, Use.ACTIVE, "30", 3.0), piece(held, Use.IDLE, "10", 1.0), piece("", Use.UNALLOCATED, "5")]
    first, second = teams_of(ledger([one], slices))
    assert ("search", Decimal(10), Decimal("13.333333")) == (first.name, first.per_paid, first.per_used)
    assert (NOBODY_HELD, None) == (second.name, second.per_used)


def test_a_scope_sees_its_accounts_and_owners_alone() -> None:
    mine, theirs = run("a"), run("b", team="vision")
    own, other = (piece(holder_name(one), Use.ACTIVE, cost) for one, cost in ((mine, "1"), (theirs, "2")))
    book = ledger([mine, theirs], [own, other, piece("", Use.UNALLOCATED, "4")])
    rows = seen_by(Scope(rows=(RowRule("team", frozenset({"search"})),)), book)
    assert [Decimal(1)] == [one.cost for one in rows.slices]
    assert not seen_by(Scope(frozenset({"2"})), book).slices
    assert book is seen_by(Scope(), book)


def test_a_model_opens_to_its_deploy_traces_gpus_and_bill() -> None:
    (one,) = models([])
    book = ledger([replica()], [piece("1/atlas/search/svc-0", Use.ACTIVE, "1")])
    labels = [link.label for link in model_links(one, replace(book, now_ms=START + 2 * DAY))]
    assert ["deploy of svc 2", "traces of its calls", "its GPUs and what idles", "bill of n1"] == labels
