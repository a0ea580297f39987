"""What is planted is in the data: found from the series that are sent, not from what made them."""

import numpy as np
from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS, Sent, of

from trimtab.demo.endpoints import DEGRADED, DEGRADED_SINCE_H
from trimtab.demo.plant import Plant
from trimtab.demo.plants import IDLE_BELOW, held_gpus, idle_dollars, plants
from trimtab.demo.simulation import Simulation
from trimtab.demo.slab import Slab
from trimtab.demo.totals import Totals
from trimtab.demo.world import FAILED_SINCE_H, FAILING_NODE, XID_LOST, World


def plant(made: World, id_: str) -> Plant:
    return next(one for one in plants(made) if one.id == id_)


def test_every_plant_says_where_it_must_be_found(made: World) -> None:
    found = plants(made)
    assert len(found) == len({one.id for one in found})
    for one in found:
        assert one.page.startswith("/")
        assert one.resources
        assert made.start_ms <= one.since_ms < ANCHOR_MS


def test_planted_gpus_are_held_full_and_idle(made: World, history: Sent) -> None:
    planted = plant(made, "idle-gpus")
    assert 24 == len(planted.resources)
    for uuid in planted.resources:
        ((key, active),) = history.find("DCGM_FI_PROF_SM_ACTIVE", UUID=uuid).items()
        (used,) = history.find("DCGM_FI_DEV_FB_USED", UUID=uuid).values()
        assert (planted.account, planted.team) == (of(key, "account"), of(key, "namespace"))
        assert of(key, "pod").startswith("moe-ablation-")
        assert active.max() < IDLE_BELOW
        assert used.min() > 0.9 * 81_559


def test_planted_gpus_are_asked_for_by_their_pods(made: World, history: Sent) -> None:
    requested = history.find("kube_pod_container_resource_requests", resource="nvidia_com_gpu", namespace="vision")
    held = {of(key, "pod"): values for key, values in requested.items() if of(key, "pod").startswith("moe-ablation-")}
    assert 24 == sum(values[-1] for values in held.values())


def test_they_are_most_of_the_idle_money(made: World) -> None:
    slab = Slab(made.start_ms, ANCHOR_MS, 3600)
    activity = Simulation(made, Totals()).moment(slab).activity
    planted = idle_dollars(made, activity, slab.times, held_gpus(made.company))
    assert plant(made, "idle-gpus").dollars_per_hour == round(float(planted.mean()), 2)
    assert planted.sum() > 0.6 * idle_dollars(made, activity, slab.times).sum()


def test_no_other_gpu_is_idle_for_the_whole_history_while_held(made: World, history: Sent) -> None:
    planted = set(plant(made, "idle-gpus").resources)
    idle = {
        of(key, "UUID")
        for key, values in history.find("DCGM_FI_PROF_SM_ACTIVE").items()
        if of(key, "pod") and values.max() < IDLE_BELOW
    }
    assert planted == idle


def test_the_failing_node_says_why_and_falls_silent(made: World, history: Sent) -> None:
    name, uuid = plant(made, "failing-node").resources
    (codes,) = history.find("DCGM_FI_DEV_XID_ERRORS", UUID=uuid).values()
    assert {0.0, 94.0, float(XID_LOST)} == set(codes.tolist())
    assert round(FAILED_SINCE_H) == np.count_nonzero(codes == XID_LOST)
    (powers,) = history.find("DCGM_FI_DEV_POWER_USAGE", UUID=uuid).values()
    assert len(codes) - len(powers) == np.count_nonzero(codes == XID_LOST)
    assert name == FAILING_NODE
    ((_, drained),) = history.find("slurm_node_cpu_total", node=name, status="drain").items()
    assert 30 <= len(drained) <= 31
    (total,) = history.find("slurm_nodes_drain", partition="p4d").values()
    assert 1 == total[-1]


def test_the_others_are_healthy(made: World, history: Sent) -> None:
    broken = {of(key, "UUID") for key, codes in history.find("DCGM_FI_DEV_XID_ERRORS").items() if codes.any()}
    assert {plant(made, "failing-node").resources[1]} == broken


def test_the_degraded_endpoint_queues_fails_and_answers_late(made: World, history: Sent) -> None:
    assert (DEGRADED,) == plant(made, "degraded-endpoint").resources
    hours = round(DEGRADED_SINCE_H)
    before, after = slice(-hours - 24, -hours - 1), slice(-hours + 1, None)
    waiting = np.array(list(history.find("vllm:num_requests_waiting", service=DEGRADED).values()))
    assert waiting[:, before].max() < 12
    assert waiting[:, after].max() > 60
    pace = {late: token_time(history, DEGRADED, when) for late, when in ((False, before), (True, after))}
    assert pace[True] > 1.5 * pace[False]
    for service, slow in ((DEGRADED, True), ("assistant-code-32b", False)):
        share = late_share(history, service, after)
        assert slow is (share > 0.2), (service, share)
    failed = np.array(list(history.find("http_requests_total", service=DEGRADED, status="5xx").values()))
    rates = np.diff(failed, axis=1)
    assert rates[:, after].min() > 2 * rates[:, before].max()  # at night too
    assert rates[:, after].mean() > 10 * rates[:, before].mean()


def token_time(history: Sent, service: str, when: slice) -> float:
    """Seconds between two tokens, on average."""
    name = "vllm:inter_token_latency_seconds"
    total, count = (
        sum(np.diff(values)[when].sum() for values in history.find(f"{name}_{part}", service=service).values())
        for part in ("sum", "count")
    )
    return float(total / count)


def late_share(history: Sent, service: str, when: slice) -> float:
    """The share of first tokens that took over a second."""
    name = "vllm:time_to_first_token_seconds"
    in_time, every = (
        sum(np.diff(values)[when].sum() for values in history.find(f"{name}_bucket", service=service, le=le).values())
        for le in ("1.0", "+Inf")
    )
    return float(1 - in_time / every)


def test_incidents_are_fresh_whenever_the_demo_starts(made: World) -> None:
    assert ANCHOR_MS - plant(made, "degraded-endpoint").since_ms < 24 * HOUR_MS
    assert ANCHOR_MS - plant(made, "failing-node").since_ms < 48 * HOUR_MS
