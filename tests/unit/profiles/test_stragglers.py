"""What-if analysis: the graph read from a trace gives the step times of the schedule, and causes are found again."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from tests.unit.profiles.training_jobs import Job, Length, made, operations, step_times

from trimtab.base.errors import InvalidInput
from trimtab.profiles import operations as reading
from trimtab.profiles import pipeline
from trimtab.profiles.stragglers import Cause, analyse, cause_of

_SHARED = Path(__file__).parents[4] / "shared" / "data" / "straggler_bytedance"
JOBS = [
    Job(),
    Job(dp=1, pp=1, microbatches=3),
    Job(dp=3, pp=4, microbatches=8, steps=1),
    Job(dp=2, pp=3, microbatches=5, overlap=True),
    Job(dp=2, pp=2, vpp=2, microbatches=4),
    Job(dp=2, pp=3, vpp=2, microbatches=6, overlap=True),
    Job(dp=1, pp=4, vpp=3, microbatches=8, steps=1),
]


def _typical(kind: str) -> float:
    if kind == pipeline.COLLECTOR:
        return 0.0
    return {pipeline.FORWARD: 1.0, pipeline.BACKWARD: 2.0}.get(kind, 0.01)


def drawn(seed: int, spread: float = 0.2) -> Length:
    rng = np.random.default_rng(seed)
    return lambda kind, dp, stage, step: _typical(kind) * float(rng.uniform(1 - spread, 1 + spread))


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_the_graph_of_a_trace_gives_the_steps_of_its_schedule_whatever_operations_take(job: Job) -> None:
    found = operations(job, drawn(11))
    graph = pipeline.build(found)
    keys = [
        (found.types[kind], stage, seq)
        for kind, stage, seq in zip(found.type_of.tolist(), found.stage_of.tolist(), found.seq_of.tolist(), strict=True)
    ]
    for seed in range(60, 64):
        other = np.random.default_rng(seed).lognormal(0, 1.5, found.start.shape)  # some take a hundred times as long
        lengths = {
            (key, dp, step): float(other[node, dp, step])
            for node, key in enumerate(keys)
            for dp in range(job.dp)
            for step in range(job.steps)
        }
        assert graph.step_times(other) == pytest.approx(step_times(job, lengths))


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_transfers_are_told_from_waits(job: Job) -> None:
    found = operations(job, drawn(13))
    graph = pipeline.build(found)
    lengths = graph.transfers(found)
    assert graph.step_times(lengths) == pytest.approx(found.end.max(axis=(0, 1)))
    for place, kind in enumerate(found.types):
        typical = _typical(kind)
        mine = lengths[found.type_of == place]
        assert mine.min() >= typical * 0.8 - 1e-9 and mine.max() <= typical * 1.2 + 1e-9, kind


def test_without_any_difference_nothing_is_slowed() -> None:
    report = analyse(operations(Job(), lambda kind, *_: _typical(kind)))
    assert report.slowdown == pytest.approx(1)
    assert report.cause is Cause.NONE and report.cause_gain == 0
    assert report.m_w is None and report.m_s is None


@pytest.mark.parametrize("job", [Job(dp=4, pp=4, microbatches=8), Job(dp=4, pp=2, vpp=2, microbatches=4)], ids=str)
@pytest.mark.parametrize("seed", [21, 22])
def test_a_slow_worker_is_found_and_by_how_much_the_job_is_faster_without_it(job: Job, seed: int) -> None:
    lengths = drawn(seed, 0.02)
    slow = (seed % job.dp, 1)

    def length(kind: str, dp: int, stage: int, step: int) -> float:
        return lengths(kind, dp, stage, step) * (2.0 if (dp, stage) == slow and "compute" in kind else 1.0)

    report = analyse(operations(job, length))
    assert report.cause is Cause.WORKER
    assert (report.slowest[0].dp_rank, report.slowest[0].stage) == slow
    assert report.slowest[0].rank == slow[0] * job.pp + slow[1]
    assert report.m_w == pytest.approx(1, abs=0.1)
    assert report.m_s == pytest.approx(0 if slow[1] != job.pp - 1 else report.m_s, abs=0.1)
    usual = analyse(operations(job, drawn(seed, 0.02)))
    faster = 1 - usual.simulated_s / report.simulated_s
    assert report.slowest[0].gain == pytest.approx(faster, abs=0.05)
    assert report.cause_gain == pytest.approx(faster, abs=0.05)


def test_a_slow_worker_of_two_on_the_last_stage_is_not_taken_for_a_slow_stage() -> None:
    lengths = drawn(32, 0.02)
    job = Job(dp=2, pp=4, microbatches=8)
    slow = operations(job, lambda k, r, g, s: lengths(k, r, g, s) * (3 if (r, g) == (0, 3) and "compute" in k else 1))
    report = analyse(slow)
    assert report.cause is Cause.WORKER
    assert report.remedies[Cause.LAST_STAGE] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("dp", [1, 4])
def test_a_long_last_stage_is_the_stage_s_fault_even_where_one_worker_is_all_of_it(dp: int) -> None:
    lengths = drawn(31, 0.02)
    job = Job(dp=dp, pp=4, microbatches=8)
    report = analyse(
        operations(job, lambda k, r, stage, s: lengths(k, r, stage, s) * (1.8 if stage == 3 and "compute" in k else 1))
    )
    assert report.cause is Cause.LAST_STAGE
    assert report.by_stage[0].key == "3"
    assert report.m_s is not None and report.m_s > 0.8


def test_microbatches_of_uneven_length_are_nobody_s_fault_even_where_the_last_stage_is_longer() -> None:
    rng = np.random.default_rng(41)
    lengths = rng.lognormal(0, 0.5, (8, 6, 64))  # dp rank, step, how-many-th

    def length(kind: str, dp: int, stage: int, step: int) -> float:
        if "compute" not in kind:
            return _typical(kind)
        return _typical(kind) * float(rng.choice(lengths[dp, step])) * (1.2 if stage == 1 else 1.0)

    report = analyse(operations(Job(dp=8, pp=2, microbatches=8, steps=6), length))
    assert report.cause is Cause.DATA
    assert report.remedies[Cause.DATA] > report.remedies[Cause.LAST_STAGE]


@pytest.mark.parametrize("dp", [1, 2, 5])
def test_a_rank_s_slowdown_is_what_its_own_operations_make_of_ideal_steps(dp: int) -> None:
    found = operations(Job(dp=dp, pp=2, microbatches=4), drawn(61, 0.5))
    graph = pipeline.build(found)
    actual = graph.transfers(found)
    ideal = np.empty_like(actual)
    for place, kind in enumerate(found.types):
        mine = found.type_of == place
        ideal[mine] = np.median(actual[mine]) if kind in pipeline.COMMUNICATION else actual[mine].mean()
    report = analyse(found)
    for rank in range(dp):
        kept = ideal.copy()
        kept[:, rank] = actual[:, rank]
        slowdown = graph.step_times(kept).mean() / graph.step_times(ideal).mean()
        assert next(one.slowdown for one in report.by_dp_rank if one.key == str(rank)) == pytest.approx(slowdown)


def test_the_cause_is_the_remedy_that_helps_most_and_at_least_half() -> None:
    shares = {Cause.WORKER: 0.5, Cause.LAST_STAGE: 0.6, Cause.DATA: 0.2}
    assert cause_of(1.5, shares) is Cause.LAST_STAGE
    assert cause_of(1.5, {**shares, Cause.LAST_STAGE: 0.49}) is Cause.WORKER
    assert cause_of(1.5, dict.fromkeys(shares, 0.49)) is Cause.MIXED
    assert cause_of(1.09, shares) is Cause.NONE


def csv_of(rows: list[dict]) -> bytes:
    names = list(rows[0])
    lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in rows)]
    return "\n".join(lines).encode()


def test_a_file_without_numbers_of_operations_counts_them_by_start_and_others_are_ignored() -> None:
    rows = made(Job(), drawn(51))
    for row in rows:
        del row["seq_id"], row["rank"]
        row["host"] = "a"
    report = analyse(reading.read(io.BytesIO(csv_of(rows)), "a.csv"))
    whole = analyse(operations(Job(), drawn(51)))
    assert report.slowdown == pytest.approx(whole.slowdown)
    assert report.left_out == ()


def test_steps_that_are_not_whole_are_left_out_by_name_and_odd_rows_counted() -> None:
    rows = made(Job(steps=3), drawn(52))
    gone = next(at for at, row in enumerate(rows) if row["step"] == 17 and row["optype"] == pipeline.BACKWARD)
    text = csv_of(rows[:gone] + rows[gone + 1 :]) + b"\n0,0,0,27,forward-compute,nonsense,1,9,0,0\n"
    report = analyse(reading.read(io.BytesIO(text), "a.csv"))
    assert report.steps == 2
    assert "1 rows without a number" in report.left_out[0]
    assert report.left_out[1] == "1 steps in which ranks differ in their operations: 17"


def test_operations_that_no_rule_is_known_for_are_named() -> None:
    rows = made(Job(), drawn(53))
    extra = [{**row, "optype": "data-loading"} for row in rows if row["optype"] == pipeline.OPTIMIZER]
    report = analyse(reading.read(io.BytesIO(csv_of(rows + extra)), "a.csv"))
    assert report.left_out == ("operations of types that no rule is known for: data-loading",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", r"cannot read a\.csv: expected operations as CSV or Parquet"),
        (b"PAR1torn", r"cannot read a\.csv: expected operations as CSV or Parquet"),
        (b"\x1f\x8btorn", r"cannot read a\.csv: expected operations as CSV or Parquet"),
        (b"a,b\n1,2\n", r"cannot read a\.csv: it has no column dp_rank, stage"),
        (b"dp_rank,stage,step,optype,start_ts,duration\n0,0,x,gc,1,1\n", r"no row has all of"),
        (b"dp_rank,stage,step,optype,start_ts,duration\n0,0,1,gc,1,1\n", r"stage 0: it has neither forward-compute"),
    ],
)
def test_other_files_get_a_clear_error(text: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        analyse(reading.read(io.BytesIO(text), "a.csv"))


@pytest.mark.skipif(not _SHARED.is_dir(), reason="the public trace of the paper's authors is not on this machine")
@pytest.mark.parametrize("ending", ["csv.gz", "parquet"])
def test_a_public_trace_gives_what_its_authors_analysis_gives(ending: str) -> None:
    truth = json.loads((_SHARED / "expected-SE.json").read_text())
    with (_SHARED / f"trace-SE.{ending}").open("rb") as file:
        report = analyse(reading.read(file, "a"))
    assert report.slowdown == pytest.approx(truth["S"], rel=1e-6)
    assert (report.m_w, report.m_s) == (pytest.approx(truth["M_W"], abs=1e-6), pytest.approx(truth["M_S"], abs=1e-6))
    assert report.ideal_s == pytest.approx(truth["mean_step_seconds"]["ideal"], rel=1e-6)
    assert report.slowest[0].rank == truth["slowest_workers"][0]["rank"]
    for key, ours in (
        ("S_t_by_operation", report.by_operation),
        ("S_by_dp_rank", report.by_dp_rank),
        ("S_by_stage", report.by_stage),
    ):
        assert {one.key: one.slowdown for one in ours} == pytest.approx(truth[key], rel=1e-6)
