"""Concepts: which names carry them, which of several is taken, and what is one subject."""

import csv
from pathlib import Path

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound
from trimtab.base.tags import make_tags
from trimtab.metrics import aliases
from trimtab.metrics.aliases import Found, canonical, concept, find
from trimtab.metrics.concept import Form
from trimtab.metrics.concepts import CONCEPTS, LABELS
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.registry import SeriesRegistry

UUID = "GPU-6e0e0000"
DCGM = {"UUID": UUID, "gpu": "0", "Hostname": "n1", "instance": "n1:9400", "job": "dcgm"}
AGENT = {"hw.id": UUID, "gpu.uuid": UUID, "gpu.number": "0", "host.name": "n1"}


class Telemetry:
    """Nothing is read: the registry is filled by the test."""


@pytest.fixture
def registry() -> SeriesRegistry:
    return SeriesRegistry(Telemetry(), ManualClock())


def add(
    registry: SeriesRegistry, name: str, /, kind: Kind = Kind.GAUGE, namespace: str = "Prometheus", **more: str
) -> int:
    pairs = {key.replace("__", "."): value for key, value in more.items()}
    return registry.add(Identity("1", "eu", namespace, name, make_tags(pairs), kind=kind))


def only(registry: SeriesRegistry, name: str, **options: object) -> Found:
    (found,) = find(registry, EVERYTHING, name, **options)
    return found


@pytest.mark.parametrize(
    ("present", "basis", "raw", "share"),
    [
        (["DCGM_FI_PROF_SM_ACTIVE", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_GPU_UTIL"], "SM_ACTIVE", 0.4, 0.4),
        (["DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_GPU_UTIL"], "GR_ENGINE_ACTIVE", 0.9, 0.9),
        (["DCGM_FI_DEV_GPU_UTIL"], "GPU_UTIL", 97, 0.97),
    ],
)
def test_activity_is_the_most_exact_that_is_there_and_says_which(
    registry: SeriesRegistry, present: list[str], basis: str, raw: float, share: float
) -> None:
    for name in present:
        add(registry, name, **DCGM)
    found = only(registry, "gpu.active")
    assert (found.subject, found.basis) == (UUID, basis)
    assert found.value(raw) == pytest.approx(share)


def test_each_gpu_has_its_own_best_source_and_none_counts_twice(registry: SeriesRegistry) -> None:
    add(registry, "DCGM_FI_DEV_GPU_UTIL", **DCGM)
    exact = add(registry, "hw.gpu.sm.utilization", namespace="trimtab/Host", **AGENT)
    add(registry, "hw.gpu.utilization", namespace="trimtab/Host", **AGENT, **{"hw.gpu.task": "general"})
    other = add(registry, "DCGM_FI_DEV_GPU_UTIL", **{**DCGM, "UUID": "GPU-b", "hostname": "n2"})
    found = {one.subject: one for one in find(registry, EVERYTHING, "gpu.active")}
    assert {UUID: (exact,), "GPU-b": (other,)} == {subject: one.ids for subject, one in found.items()}
    assert (found[UUID].basis, found["GPU-b"].basis) == ("SM_ACTIVE", "GPU_UTIL")


def test_a_mig_instance_is_a_subject_of_its_own_under_both_names(registry: SeriesRegistry) -> None:
    add(registry, "DCGM_FI_PROF_SM_ACTIVE", **DCGM, GPU_I_ID="7")
    mig = {**AGENT, "hw.id": "MIG-a", "gpu.mig.instance": "7"}
    add(registry, "hw.gpu.sm.utilization", namespace="trimtab/Host", **mig)
    assert only(registry, "gpu.active").subject == f"{UUID}/7"


def test_labels_that_do_not_fit_are_left_out(registry: SeriesRegistry) -> None:
    add(registry, "hw.gpu.utilization", **AGENT, **{"hw.gpu.task": "decoder"})
    assert find(registry, EVERYTHING, "gpu.active") == []
    assert only(registry, "gpu.decoder").subject == UUID


def test_units_become_one(registry: SeriesRegistry) -> None:
    for name, raw, expected in (
        ("gpu.memory.used", 1024.0, float(1 << 30)),
        ("gpu.energy", 5000.0, 5.0),
        ("gpu.clock", 1755.0, 1.755e9),
    ):
        dcgm = next(alias for alias in concept(name).aliases if alias.name.startswith("DCGM"))
        add(registry, dcgm.name, **DCGM)
        assert only(registry, name).value(raw) == expected


def test_a_host_is_one_whoever_names_it(registry: SeriesRegistry) -> None:
    for cpu in ("0", "1"):
        add(registry, "node_cpu_seconds_total", Kind.COUNTER, mode="idle", cpu=cpu, instance="n1:9100")
    found = only(registry, "host.cpu.busy")
    assert (found.subject, found.form, len(found.series)) == ("n1", Form.RATE, 2)
    assert found.value(0.25) == 0.75
    agent = add(registry, "system.cpu.utilization", **{"cpu.mode": "idle", "host.name": "n1"})
    assert only(registry, "host.cpu.busy").ids == (agent,)


@pytest.mark.parametrize("name", ["vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "vllm_gpu_cache_usage_perc"])
def test_names_that_drifted_carry_the_same(registry: SeriesRegistry, name: str) -> None:
    add(registry, name, instance="s:8000", model_name="llama")
    found = only(registry, "inference.kv_cache")
    assert found.subject == "s:8000/llama"


def test_a_name_that_was_given_up_does_not_hide_the_new_one(registry: SeriesRegistry) -> None:
    old = add(registry, "vllm:kv_cache_usage_perc", instance="s:8000", model_name="llama")
    new = add(registry, "vllm:gpu_cache_usage_perc", instance="s:8000", model_name="llama")
    registry.seen(np.array([old, new], np.uint64), np.array([1000, 9000], np.int64))
    assert only(registry, "inference.kv_cache", active_since_ms=5000).ids == (new,)


def test_a_distribution_is_its_buckets_or_a_histogram(registry: SeriesRegistry) -> None:
    for bound in ("0.1", "+Inf"):
        add(registry, "vllm:time_per_output_token_seconds_bucket", Kind.COUNTER, le=bound, instance="s:1")
    add(registry, "gen_ai.server.time_per_output_token", Kind.HISTOGRAM, **{"service.instance.id": "x"})
    add(registry, "gen_ai.server.time_per_output_token", Kind.GAUGE, **{"service.instance.id": "y"})
    first, second = find(registry, EVERYTHING, "inference.inter_token")
    assert (first.subject, len(first.series), first.form) == ("s:1", 2, Form.DISTRIBUTION)
    assert second.subject == "x"


def test_scope_and_dimensions_narrow(registry: SeriesRegistry) -> None:
    add(registry, "DCGM_FI_DEV_GPU_UTIL", **DCGM)
    assert find(registry, Scope(accounts=frozenset({"2"})), "gpu.active") == []
    assert find(registry, EVERYTHING, "gpu.active", dimensions=(("job", "other"),)) == []
    assert only(registry, "gpu.active", dimensions=(("job", "dcgm"),)).subject == UUID


def test_an_unknown_concept_is_told_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match=r"cannot find concept 'gpu\.busy': expected one of .*, gpu\.active, "):
        concept("gpu.busy")


def test_a_name_says_what_it_may_carry() -> None:
    assert [one.name for one, _ in canonical("hw.gpu.utilization")] == ["gpu.active", "gpu.encoder", "gpu.decoder"]
    assert canonical("unheard_of") == ()


def test_the_table_is_sound() -> None:
    for name, one in CONCEPTS.items():
        assert one.about in ("gpu", "host", "server"), name
        assert one.meaning[0].islower() or one.meaning[0].isdigit(), name
        keys = [(alias.name, alias.labels) for alias in one.aliases]
        assert len(keys) == len(set(keys)), name
        for alias in one.aliases:
            assert alias.labels == make_tags(alias.labels), name
    assert set(LABELS) >= {"gpu.uuid", "host", "model", "mig"}
    assert aliases.label({"Hostname": "a", "hostname": "b"}, "host") == "b"


def test_every_counter_that_the_dcgm_exporter_sends_by_default_is_known(repository: Path) -> None:
    directory = repository.parent / "shared" / "data" / "dcgm"
    if not directory.is_dir():
        pytest.skip("the exporter's counter lists are not beside this checkout")
    sent = set()
    for file in directory.glob("*.csv"):
        for row in csv.reader(file.read_text().splitlines()):
            if len(row) > 2 and not row[0].startswith("#") and row[1].strip() in ("gauge", "counter"):
                sent.add(row[0].strip())
    assert len(sent) > 20
    assert [] == sorted(name for name in sent if not canonical(name))


def test_a_common_name_counts_only_with_what_its_sender_adds(registry: SeriesRegistry) -> None:
    add(registry, "memory_used", namespace="shop", host="n1")
    assert find(registry, EVERYTHING, "gpu.memory.used") == []
    add(registry, "memory_used", Kind.EVENTS, "CWAgent", host="n1", index="0", name="Tesla T4")
    assert only(registry, "gpu.memory.used").subject == "n1/0"


AMD = {"gpu_id": "2", "gpu_uuid": "ccff74a1", "hostname": "tw038", "card_series": "AMD Instinct MI300X OAM"}
HAMI = {"node": "n1", "device_index": "0", "device_uuid": UUID, "device_type": "NVIDIA-A100"}
HAMI_BEFORE = {"nodeid": "n1", "deviceidx": "0", "deviceuuid": UUID, "devicetype": "NVIDIA-A100"}


@pytest.mark.parametrize(
    ("about", "name", "labels", "raw", "value"),
    [
        ("gpu.active", "gpu_gfx_activity", AMD, 50.0, 0.5),
        ("gpu.active", "amd_gpu_gfx_activity", AMD, 50.0, 0.5),
        ("gpu.memory.used", "gpu_used_vram", AMD, 3.0, 3.0 * 2**20),
        ("gpu.power", "gpu_package_power", AMD, 600.0, 600.0),
        ("gpu.energy", "gpu_energy_consumed", AMD, 2e6, 2.0),
        ("gpu.temperature", "gpu_junction_temperature", AMD, 71.0, 71.0),
        ("gpu.active", "hami_host_gpu_utilization_ratio", HAMI, 37.0, 0.37),
        ("gpu.active", "HostCoreUtilization", HAMI_BEFORE, 37.0, 0.37),
        ("gpu.memory.used", "hami_host_gpu_memory_used_bytes", HAMI, 5.0, 5.0),
        ("gpu.memory.used", "HostGPUMemoryUsage", HAMI_BEFORE, 5.0, 5.0),
        ("gpu.power", "hami_host_gpu_power_usage_watts", HAMI, 300.0, 300.0),
        ("gpu.power", "nvidia_smi_power_draw_average_watts", {"uuid": UUID}, 295.0, 295.0),
        ("gpu.memory.reserved", "nvidia_smi_memory_reserved_bytes", {"uuid": UUID}, 9.0, 9.0),
    ],
)
def test_names_of_amd_hami_and_nvidia_gpu_exporter(
    registry: SeriesRegistry, about: str, name: str, labels: dict[str, str], raw: float, value: float
) -> None:
    add(registry, name, **labels)
    (found,) = find(registry, EVERYTHING, about)
    assert value == pytest.approx(found.value(raw))
    assert labels.get("gpu_uuid", UUID) == found.subject


def test_what_is_not_amds_is_not_taken_by_a_common_name(registry: SeriesRegistry) -> None:
    add(registry, "gpu_power_usage", instance="n1:9000")
    assert [] == find(registry, EVERYTHING, "gpu.power")
