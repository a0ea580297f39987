from types import SimpleNamespace

from trimtab.agent.collect import memory


def test_states_add_up_to_the_limit() -> None:
    linux = SimpleNamespace(total=1000, free=300, cached=200, buffers=50, available=550, used=450)
    readings = memory.of_memory(linux)
    usage = {r.attributes[0][1]: r.value for r in readings if r.name == "system.memory.usage"}
    shares = {r.attributes[0][1]: r.value for r in readings if r.name == "system.memory.utilization"}
    assert usage == {"used": 450, "free": 300, "cached": 200, "buffers": 50}
    assert sum(shares.values()) == 1.0
    assert [r.value for r in readings if r.name == "system.memory.limit"] == [1000]
    assert [r.value for r in readings if r.name == "system.linux.memory.available"] == [550]


def test_a_platform_without_cached_has_used_and_free_only() -> None:
    mac = SimpleNamespace(total=1000, free=400, available=600, used=500)
    usage = {r.attributes[0][1]: r.value for r in memory.of_memory(mac) if r.name == "system.memory.usage"}
    assert usage == {"used": 600, "free": 400}


def test_paging_is_left_out_where_there_is_none() -> None:
    assert memory.of_paging(SimpleNamespace(total=0, used=0, free=0)) == []
    readings = memory.of_paging(SimpleNamespace(total=10, used=4, free=6))
    assert [(r.name, r.attributes[0][1], r.value) for r in readings] == [
        ("system.paging.usage", "used", 4),
        ("system.paging.usage", "free", 6),
    ]
