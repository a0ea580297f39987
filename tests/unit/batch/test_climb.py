"""How batch and concurrency are found."""

from trimtab.batch.climb import Climb, Tuner


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


def _tune(seconds) -> int:  # type: ignore[no-untyped-def]  # records -> seconds
    tuner = Tuner()
    for _ in range(50_000):
        if tuner.done:
            break
        tuner.measured(tuner.batch, seconds(tuner.batch))
    assert tuner.done
    return tuner.batch


def test_a_function_is_given_the_smallest_batch_that_is_about_as_fast_as_any() -> None:
    assert 4096 == _tune(lambda records: 1e-3 + 1e-5 * records)
    assert 512 == _tune(lambda records: 1e-4 + 1e-5 * records)
    assert 1 == _tune(lambda records: 1e-5 * records)
    assert 128 == _tune(lambda records: 1e-5 * records * (1 + abs(records - 128)))
    assert 256 == _tune(lambda records: 1e-5 * records * (1 + abs(records - 256)))  # between two that were tried first


def test_a_slow_function_is_not_tried_with_batches_that_take_long() -> None:
    tried: list[int] = []

    def seconds(records: int) -> float:
        tried.append(records)
        return 3.0 * records

    assert 1 == _tune(seconds)
    assert {1} == set(tried)


def test_a_batch_that_is_not_full_says_nothing_and_what_is_fixed_stays() -> None:
    tuner = Tuner()
    tuner.measured(1, 1.0)
    tuner.measured(3, 1e-9)
    assert {1: 1.0} == tuner.fastest
    assert (True, 100) == (Tuner(100).done, Tuner(100).batch)
