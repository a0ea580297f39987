"""A line of a training program, by a door of logs, to the finding that names the remedy."""

import time
import uuid

import pytest

from live_server import LiveServer
from patience import until
from trimtab.client import log_events_wire as logs_wire
from trimtab.client.advice import AdviceCalls
from trimtab.client.advice_wire import Advice
from trimtab.client.api import Client
from trimtab.client.log_events import LogEvents

pytestmark = pytest.mark.wire
LINE = (
    "gpu-1:9981:10021 [2] NCCL WARN NET/IB : Got completion from peer 10.0.1.12<48133> with error 12, opcode 0, "
    "len 32768, vendor err 129"
)


def test_a_line_of_nccl_becomes_a_finding_with_its_remedy(server: LiveServer) -> None:
    node, at = f"n{uuid.uuid4().hex[:8]}", int(time.time() * 1000) - 7_200_000
    with Client(server.url, timeout_s=120) as client:
        LogEvents(client).put("/train", [logs_wire.NewLogEvent(LINE, time_ms=at)], stream=f"{node}/slurm-48213.out")
        client.query("trimtab/Host", "training.faults", fresh=True)
        calls = AdviceCalls(client)

        def told() -> list[Advice]:
            calls.refresh(["trimtab-collective-faults"])
            return [one for one in calls.listed(limit="1000").advice if node in one.resource]

        (one,) = until(told, "the check finds it")
    assert "InfiniBand completion error (status 12, transport retries exceeded) in job 48213" == one.summary
    assert one.fix.startswith("trimtab runs show 48213  # the path to the peer fails")
