"""MLPerf training logs: what stands in them, and the figures that come of it."""

import gzip
import json
from pathlib import Path

import pytest

from trimtab.progress.course import Phase, course_of
from trimtab.progress.flops import mfu
from trimtab.progress.mllog import read_line, read_log

PUBLIC = Path(__file__).parents[4] / "shared" / "data" / "mlperf_training_v5_0"


def entry(at_s: float, key: str, value: object = None, **metadata: object) -> str:
    told = {"namespace": "", "time_ms": round(at_s * 1000), "event_type": "X", "key": key, "value": value}
    return ":::MLLOG " + json.dumps({**told, "metadata": metadata})


LOG = [
    "some other output",
    entry(0, "submission_benchmark", "llama2_70b_lora"),
    entry(0, "submission_platform", "2xMI300X"),
    entry(0, "init_start"),
    entry(0, "global_batch_size", 8),
    entry(50, "init_stop"),
    entry(50, "run_start"),
    entry(50, "block_start", samples_count=0),
    entry(1050, "tracked_stats", {"throughput": 3.2, "train_loss": 1.5}, step=1600),
    "[rank3] " + entry(1050, "block_stop", samples_count=1600) + "[rank 4] more",
    entry(1050, "eval_start", samples_count=1600),
    entry(1080, "eval_accuracy", 0.93, samples_count=1600),
    entry(1080, "eval_stop", samples_count=1600),
    entry(1080, "block_start", samples_count=1600),
    ":::MLLOG {oh",
    entry(2080, "block_stop", samples_count=3200),
    entry(2090, "run_stop", samples_count=3200, status="success"),
]


def test_a_log_is_its_phases_its_samples_and_what_it_trains() -> None:
    log = read_log(LOG, "AMD Instinct MI300X", 16)
    course = course_of(log.marks)
    assert course is not None
    assert ("llama2_70b_lora", "success", (15,)) == (log.benchmark, log.status, log.unreadable)
    assert (8, 8192, 16) == (log.workload.batch, log.workload.sequence, log.workload.accelerators)
    assert (0, 50_000, 2_090_000) == (log.began_ms, log.run_start_ms, log.run_stop_ms)
    expected = {Phase.START_UP: 50, Phase.TRAINING: 2000, Phase.EVALUATION: 30, Phase.UNEXPLAINED: 10}
    assert expected == {phase: value for phase, value in course.seconds.items() if value}
    assert (3200, 1, 0.93, 1.5) == (course.samples, course.evaluations, course.score, course.loss)


def test_mfu_is_the_formula() -> None:
    log = read_log(LOG, "AMD Instinct MI300X", 16)
    found = mfu(log.workload, 3200 * 8192, 2000)
    assert 6 * 68_976_648_192 * 3200 * 8192 / (2000 * 16 * 1307.4e12) == pytest.approx(found.value)
    assert "1,307.4 TFLOP/s, dense BF16" in found.how


def test_without_a_description_the_platform_names_the_accelerator() -> None:
    assert "MI300X" == read_log(LOG).workload.accelerator


def test_what_is_not_told_is_unknown_with_the_reason() -> None:
    log = read_log(LOG)
    assert (None, "nothing says how many accelerators it had") == (
        mfu(log.workload, 1.0, 1.0).value,
        mfu(log.workload, 1.0, 1.0).how,
    )
    strange = read_log(LOG, "Quantum Frobnicator 9", 4)
    assert "no peak is known of 'Quantum Frobnicator 9'" == mfu(strange.workload, 1.0, 1.0).how


def test_epochs_in_the_place_of_samples_leave_samples_unknown() -> None:
    log = read_log([entry(0, "run_start"), entry(0, "block_start", epoch_num=0), entry(9, "run_stop", epoch_num=4)])
    course = course_of(log.marks)
    assert course is not None
    assert (None, 9) == (course.samples, course.seconds[Phase.TRAINING])


@pytest.mark.parametrize(
    "text", [":::MLLOG", ":::MLLOG []", ':::MLLOG {"key": 3, "time_ms": 4}', ':::MLLOG {"key": "a"}']
)
def test_an_entry_that_is_broken_is_said_to_be(text: str) -> None:
    with pytest.raises(ValueError, match="an entry needs"):
        read_line(text)


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public logs are not on this machine")
def test_public_logs_have_the_seconds_and_samples_that_are_known_of_them() -> None:
    with gzip.open(PUBLIC / "raw/NVIDIA__eos-dfw_n64_ngc25.01_nemo__llama31_405b__result_0.txt.gz", "rt") as opened:
        course = course_of(read_log(opened, "H100", 512).marks)
    assert course is not None
    assert (276_480, 6) == (course.samples, course.evaluations)
    assert 13_242.069 == pytest.approx(course.seconds[Phase.TRAINING])


def test_no_sample_was_seen_when_the_run_began_although_the_log_does_not_say_so() -> None:
    log = read_log([entry(0, "run_start"), entry(1, "block_start"), entry(11, "run_stop", samples_count=500)])
    course = course_of(log.marks)
    assert course is not None
    assert 500 == course.samples
