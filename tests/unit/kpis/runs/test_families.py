"""Short jobs by name: what numbers a run is not its name, and overlaps are counted exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.records import replace
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.kpis.runs.cost import Cost
from trimtab.kpis.runs.families import families, family_of, most_at_once
from trimtab.kpis.runs.report import RunReport

MINUTE = 60_000


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("embed-backfill-28394800-x7k2p", "embed-backfill"),
        ("sft-70b-r56", "sft-70b"),
        ("sweep[12]", "sweep"),
        ("train", "train"),
        ("12345", "12345"),
        ("nightly-etl", "nightly-etl"),
    ],
)
def test_the_name_of_a_family_is_without_what_numbers_its_runs(name: str, family: str) -> None:
    assert family_of(name) == family


def report(job: str, start: int, end: int, state: RunState = RunState.COMPLETED, waited: int = 0) -> RunReport:
    """A run of some minutes that held a GPU at a dollar an hour."""
    run = Run(
        RunKey("1", "atlas", job), "slurm", state, (start - waited) * MINUTE, name=f"etl-{job}",
        start_ms=start * MINUTE, end_ms=end * MINUTE,
    )  # fmt: skip
    hours = (end - start) / 60
    cost = Cost({"USD": Decimal(str(hours))}, (), (), 0.0, "")
    return RunReport(run, waited * MINUTE, hours, 0.0, None, None, (), "", "", cost, (), True)


def test_what_the_runs_of_a_name_add_up_to() -> None:
    reports = [
        report("1", 10, 20, waited=2),
        report("2", 15, 45, RunState.FAILED, waited=4),
        report("3", 20, 26, RunState.TIMEOUT),
        report("4", 0, 300),  # too long to be short
        report("5", 55, 61),  # ends after the range
    ]
    [one] = families(reports, 0, 60 * MINUTE, parts=6)
    assert (one.name, one.cluster, one.runs, one.failed, one.timeouts) == ("etl", "atlas", 3, 1, 1)
    assert (one.p50_s, one.longest_s, one.wait_p50_s, one.example) == (600.0, 1800.0, 120.0, "2")
    assert (one.concurrency, one.counts) == (2, (0, 0, 2, 0, 1, 0))
    assert one.amounts["USD"].quantize(Decimal("0.001")) == Decimal("0.767")
    assert families([replace(reports[0], run=replace(reports[0].run, end_ms=None))], 0, 60 * MINUTE) == []


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=40))
def test_the_most_at_one_time_is_that_of_every_moment(given_: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in given_]
    most = max((sum(start <= at < end for start, end in spans) for at in range(100)), default=0)
    assert most_at_once(spans) == most
