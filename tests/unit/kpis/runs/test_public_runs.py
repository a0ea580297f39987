"""A public cluster's 4,891 pods through the store of runs: GPU-hours by class, waits, and what never got a GPU.

Data: Alibaba GPU cluster trace v2023 (Weng et al., USENIX ATC 2023); its facts are beside it.
"""

import asyncio
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.kpis.runs import queue
from trimtab.store.state.database import State

T0 = 1_700_000_000_000
STATES = {"Running": RunState.RUNNING, "Failed": RunState.FAILED, "Pending": RunState.PENDING}


def folder(repository: Path) -> Path:
    found = repository.parent / "shared" / "data" / "alibaba_gpu_v2023"
    if not found.is_dir():
        pytest.skip(f"no data in {found}")
    return found


def runs_of(file: Path) -> list[Run]:
    """Pods as runs. The trace gives the running ones an end too: that of the trace."""
    found = []
    for pod in pd.read_csv(file).itertuples():
        gpus = pod.gpu_milli / 1000 if pod.num_gpu == 1 else float(pod.num_gpu)
        started = None if np.isnan(pod.scheduled_time) else T0 + round(pod.scheduled_time * 1000)
        waits = started is None
        found.append(
            Run(
                RunKey("1", "openb", pod.name),
                "kubernetes",
                RunState.PENDING if waits else STATES.get(pod.pod_phase, RunState.COMPLETED),
                T0 + round(pod.creation_time * 1000),
                team=pod.qos,
                start_ms=started,
                end_ms=None if waits else T0 + round(pod.deletion_time * 1000),
                gpus=gpus,
                held=() if waits else (Held("", gpus),),
            )
        )
    return found


def test_a_public_clusters_pods_have_the_hours_and_waits_that_were_published(repository: Path, tmp_path: Path) -> None:
    data = folder(repository)
    facts = json.loads((data / "facts.json").read_text())
    (file,) = data.glob("openb_pod_list*.csv")
    runs = runs_of(file)
    end_ms = max(run.end_ms or 0 for run in runs) + 1
    state = State.open("", tmp_path)
    room = InventoryRoom.of(state, ManualClock(end_ms))

    async def work() -> tuple[list[Run], queue.QueueReport]:
        taken = await room.runs.put(runs, end_ms)
        assert (facts["pods"], facts["pods"]) == (taken.runs, taken.changed)
        assert 0 == (await room.runs.put(runs, end_ms + 1)).changed
        kept = await room.runs.listed(EVERYTHING, RunFilter(), 10_000)
        return kept, await queue.read(room, EVERYTHING, T0, end_ms)

    kept, found = asyncio.run(work())
    state.close()
    hours: dict[str, float] = {}
    for run in kept:
        hours[run.team] = hours.get(run.team, 0.0) + run.gpu_seconds(T0, end_ms) / 3600
    assert facts["gpu_hours_by_qos"] == pytest.approx(hours, abs=1e-2)
    waits = [run.wait_ms(end_ms) / 1000 for run in kept if run.start_ms is not None]
    assert facts["queue_delay_p50_p95"] == pytest.approx(np.percentile(waits, [50, 95]).tolist(), abs=1.0)
    asking = [run for run in kept if run.gpus > 0 and run.start_ms is None]
    assert len(asking) == sum(one.runs for one in found.waiting)
    assert facts["never_scheduled"] == sum(run.start_ms is None for run in kept)
