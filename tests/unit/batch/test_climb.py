"""How batch and concurrency are found."""

from trimtab.batch.climb import Climb


def _settle(climb: Climb, throughput) -> Climb:  # type: ignore[no-untyped-def]  # (workers, batch) -> records/s
    for _ in range(60):
        if climb.done:
            break
        climb.measured(throughput(climb.workers, climb.batch))
    return climb


def test_it_grows_until_throughput_is_flat() -> None:
    found = _settle(Climb(64), lambda workers, batch: min(workers, 8) * min(batch, 64))
    assert (True, 8, 64) == (found.done, found.workers, found.batch)


def test_a_choice_that_costs_throughput_is_taken_back() -> None:
    found = _settle(Climb(64), lambda workers, batch: workers * 10 if workers <= 4 else 5)
    assert 4 == found.workers
    assert 8 == found.batch


def test_what_is_fixed_stays() -> None:
    found = _settle(Climb(1, fixed_batch=100), lambda workers, batch: 1.0)
    assert (True, 1, 100) == (found.done, found.workers, found.batch)
