"""The demo's batch jobs are what the runner made of their records."""

import time

from trimtab.base.clock import SystemClock
from trimtab.demo.batch_jobs import COMPLETED, FAILED, began_ms, ran
from trimtab.demo.plants import plants
from trimtab.demo.world import World


def test_one_completed_with_error_rows_and_one_was_ended_by_its_limit() -> None:
    began_s = time.process_time()
    good, bad = ran(COMPLETED, 1_900_000_000_000), ran(FAILED, 1_900_000_000_000)
    assert time.process_time() - began_s < 3
    assert ("Completed", COMPLETED.records, good.bytes_total) == (good.status, good.records, good.bytes_done)
    assert 0 < good.errors <= COMPLETED.limit
    assert "JSONDecodeError" in good.first_errors[0]
    workers = 2 * COMPLETED.instances
    assert abs(good.records_per_s * COMPLETED.record_ms / 1000 / workers - 1) < 0.02
    assert ("Failed", True) == (bad.status, bad.errors > FAILED.limit)
    assert bad.problem.startswith(f"more than {FAILED.limit} records failed")
    assert bad.records < FAILED.records


def test_the_job_that_its_limit_ended_is_planted(made: World) -> None:
    found = next(one for one in plants(made) if one.id == "failed-batch-job")
    assert ("/batch", (FAILED.name,), began_ms(FAILED, made)) == (found.page, found.resources, found.since_ms)
    assert SystemClock().now_ms() > found.since_ms
