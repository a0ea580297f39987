"""Small Kineto traces, as torch.profiler writes them."""

import json
from typing import Any


def event(name: str, start: float, length: float, category: str = "kernel", **args: Any) -> dict[str, Any]:
    """A complete event, in microseconds."""
    known = {"device": 0, "stream": 7, **args}
    return {"ph": "X", "cat": category, "name": name, "pid": 0, "tid": 7, "ts": start, "dur": length, "args": known}


def step(number: int, start: float, length: float) -> dict[str, Any]:
    """A step of the profiler."""
    return event(f"ProfilerStep#{number}", start, length, "user_annotation")


def trace(events: list[dict[str, Any]], rank: int | None = 3, world: int = 8, **head: Any) -> bytes:
    """A whole file, laid out over lines as PyTorch does."""
    known = {} if rank is None else {"distributedInfo": {"backend": "nccl", "rank": rank, "world_size": world}}
    whole = {
        "schemaVersion": 1,
        "deviceProperties": [{"id": 0, "name": "NVIDIA H100"}, {"id": 1, "name": "NVIDIA H100 1"}],
        **known,
        **head,
        "traceEvents": [{"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "python"}}, *events],
        "traceName": "a.json",
    }
    return json.dumps(whole, indent=1).encode()


USUAL = [
    step(1, 0, 100),
    event("aten::mm", 0, 5, "cpu_op"),
    event("cudaLaunchKernel", 2, 3, "cuda_runtime"),
    event("gemm", 10, 20),
    event("gemm", 40, 10),
    event("ncclDevKernel_AllReduce_Sum_f16", 25, 20, stream=20),  # 5 + 5 hidden, 10 exposed
    event("Memcpy HtoD (Pinned -> Device)", 48, 12, "gpu_memcpy", stream=21),  # 2 under compute
    event("Memset (Device)", 90, 5, "gpu_memset"),
]
"""A step: window 10 to 95, compute 30, communication 20, memory 17."""
