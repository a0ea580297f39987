"""Batch jobs on a Ray cluster of two nodes, one of which is killed; skipped where Ray is not installed."""

import importlib
import json
import threading
import time
from pathlib import Path

import pytest

from trimtab.batch.model import Progress, Spec
from trimtab.batch.run import Means, run

pytest.importorskip("ray", reason="Ray is an optional extra: pip install 'trimtab[ray]'")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

RECORDS = 40_000
MODEL = """
import json, time

def double(body):
    time.sleep(0.002)
    return b"\\n".join(b'{"y":%d}' % (2 * json.loads(line)["x"]) for line in body.split(b"\\n"))
"""


def test_a_node_that_is_killed_half_way_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = importlib.import_module("ray")
    cluster_utils = importlib.import_module("ray.cluster_utils")
    on_ray = importlib.import_module("trimtab.batch.on_ray")
    (tmp_path / "doubling.py").write_text(MODEL)
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(b'{"x":%d}\n' % number for number in range(RECORDS)))
    spec = Spec((path,), tmp_path / "out", "doubling:double", split="Line", piece_bytes=4096, batch_records=100)
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        second = cluster.add_node(num_cpus=2)
        cluster.wait_for_nodes(60)
        environment = {"env_vars": {"PYTHONPATH": f"{tmp_path}:{Path(on_ray.__file__).parents[2]}"}}
        ray.init(address=cluster.address, runtime_env=environment, log_to_driver=False)
        last = run(spec, Means(said=_killing(cluster, second), backend=on_ray.Cluster(cluster.address)))
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert ("Completed", RECORDS, 0) == (last.status, last.records, last.errors)
    rows = (spec.output / "in.jsonl.out").read_bytes().splitlines()
    assert [{"y": 2 * number} for number in range(RECORDS)] == [json.loads(row) for row in rows]
    assert ["in.jsonl.out"] == [one.name for one in spec.output.iterdir()]


def _killing(cluster, node):  # type: ignore[no-untyped-def]  # Ray's, which has no types
    """Kills the node when half is done."""
    killed = threading.Event()

    def said(now: Progress) -> None:
        if now.bytes_done * 2 > now.bytes_total and not killed.is_set():
            killed.set()
            cluster.remove_node(node, allow_graceful=False)
            print(f"killed a node at {now.records} records, {time.monotonic():.1f}")

    return said
