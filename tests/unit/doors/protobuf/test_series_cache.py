from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab.doors.protobuf.kernels import Kernels
from trimtab.doors.protobuf.series_cache import Caches, CompiledCache, PlainCache

WORDS = st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1))
KEYS = st.lists(st.tuples(WORDS, WORDS), max_size=60, unique=True)


@pytest.fixture(scope="module")
def kernels() -> Any:
    loading = Kernels("trimtab.doors.protobuf.table_compiled")
    assert loading.load()
    return loading.get(0)


def rows(keys: list[tuple[int, int]]) -> Any:
    return np.array(keys, np.uint64).reshape(-1, 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=KEYS, unknown=KEYS)
def test_both_caches_find_what_was_put_and_nothing_else(
    kernels: Any, keys: list[tuple[int, int]], unknown: list[tuple[int, int]]
) -> None:
    keys = [key for key in keys if key != (1, 0)]  # shares its slot with (0, 0): see table_compiled
    asked = rows([*keys, *unknown])
    expected = [at for at, key in enumerate([*keys, *unknown]) if key not in keys and key != (1, 0)]
    for cache in (PlainCache(), CompiledCache(kernels)):
        for at, key in enumerate(rows(keys)):
            cache.put(key, at + 2**63)
        ids, missing = cache.find(asked)
        assert [at + 2**63 for at in range(len(keys))] == ids[: len(keys)].tolist()
        assert expected == [at for at in missing.tolist() if tuple(asked[at].tolist()) != (1, 0)]


def test_the_table_grows_far_beyond_its_first_size(kernels: Any) -> None:
    random = np.random.default_rng(3)
    keys = random.integers(0, 2**64, (20_000, 2), np.uint64)
    cache = CompiledCache(kernels)
    for at, key in enumerate(keys):
        cache.put(key, at)
    ids, missing = cache.find(keys)
    assert 0 == len(missing)
    assert list(range(20_000)) == ids.tolist()


def test_a_key_put_twice_has_the_newer_id(kernels: Any) -> None:
    (key,) = rows([(5, 6)])
    for cache in (PlainCache(), CompiledCache(kernels)):
        cache.put(key, 1)
        cache.put(key, 2)
        assert [2] == cache.find(rows([(5, 6)]))[0].tolist()


def test_a_full_cache_forgets_everything_and_goes_on(kernels: Any) -> None:
    for cache in (PlainCache(limit=3), CompiledCache(kernels, limit=3)):
        for at in range(4):
            cache.put(rows([(at, 9)])[0], at)
        assert [0, 1, 2] == cache.find(rows([(at, 9) for at in range(4)]))[1].tolist()


def test_each_way_to_decode_has_its_own_cache(kernels: Any) -> None:
    caches = Caches()
    assert caches.of(None) is caches.of(None)
    assert caches.of(kernels) is caches.of(kernels)
    assert caches.of(kernels) is not caches.of(None)
