"""Lines of training programs: which tell of trouble with a collective, the fabric or a data loader."""

import pytest

from trimtab.gpu_faults.program_lines import OF_LOADERS, ProgramLine, Trouble, classify

HOST = "gpu-201:9981:10021 [2] "
WATCHDOG = (
    "[rank3]:[E1218 20:27:21.426415540 ProcessGroupNCCL.cpp:629] [Rank 3] Watchdog caught collective operation "
    "timeout: WorkNCCL(SeqNum=1207, OpType=ALLREDUCE, NumelIn=131072000, NumelOut=131072000, Timeout(ms)=600000) "
    "ran for 600081 milliseconds before timing out."
)
COMPLETION = (
    "NCCL WARN NET/IB : Got completion from peer 10.0.1.12<48133> with error 12, opcode 0, len 32768, vendor err 129"
)
NEW_COMPLETION = (
    "NET/IB : mlx5_0:1 Got completion from peer 10.0.1.12<48133> with status=12 opcode=0 vendor err 129 (Recv)"
)
LOADER = (
    "torch/utils/data/dataloader.py:624: UserWarning: This DataLoader will create 16 worker processes in total. Our "
    "suggested max number of worker in current system is 8 (`cpuset` is not taken into account), which is smaller than"
)
FEW = (
    "The 'train_dataloader' does not have many workers which may be a bottleneck. Consider increasing the value of the "
    "`num_workers` argument` to `num_workers=23` in the `DataLoader` to improve performance."
)


def test_a_watchdog_s_timeout_has_its_operation_sequence_rank_and_length() -> None:
    expected = ProgramLine(
        trouble=Trouble.TIMEOUT, detail="ALLREDUCE", rank=3, operation="ALLREDUCE", sequence=1207, ran_ms=600_081
    )
    assert expected == classify(WATCHDOG)


@pytest.mark.parametrize("text", [HOST + COMPLETION, HOST + NEW_COMPLETION])
def test_a_completion_error_says_what_its_status_means(text: str) -> None:
    found = classify(text)
    assert found is not None
    assert (Trouble.COMPLETION, "status 12, transport retries exceeded") == (found.trouble, found.detail)
    assert "10.0.1.12<48133>" == found.peer


@pytest.mark.parametrize(
    ("text", "trouble", "detail"),
    [
        (HOST + "NCCL WARN NET/IB : mlx5_3:1 Got async event : port error", Trouble.ASYNC, "port error"),
        ("ncclRemoteError: A call failed possibly due to a network error", Trouble.RETURNED, "remote error"),
        ("NCCL error: remote process exited or there was a network error, NCCL version 2.20.5", Trouble.RETURNED,
         "remote error"),
        ("RuntimeError: NCCL error in: ../ProcessGroupNCCL.cpp:1333, unhandled system error, NCCL version 2.14.3",
         Trouble.RETURNED, "system error"),
        ("ncclUnhandledCudaError: Call to CUDA function failed.", Trouble.RETURNED, "CUDA error"),
        ("ncclInternalError: Internal check failed.", Trouble.RETURNED, "internal error"),
        (HOST + "misc/socket.cc:538 NCCL WARN Call to connect to 10.1.2.3<41> failed", Trouble.SOCKET,
         ""),
        (HOST + "NCCL WARN Missing \"iommu=pt\" from kernel command line", Trouble.WARNING, ""),
        (LOADER, Trouble.MANY_WORKERS, "16 workers, 8 at most"),
        (FEW, Trouble.FEW_WORKERS, "23 would do"),
        ("RuntimeError: DataLoader worker (pid 4711) is killed by signal: Bus error. ", Trouble.WORKER_DIED,
         "Bus error"),
        ("RuntimeError: DataLoader worker (pid(s) 47, 48) exited unexpectedly", Trouble.WORKER_DIED, ""),
        ("RuntimeError: DataLoader timed out after 120 seconds", Trouble.LOADER_LATE, "120 s"),
    ],
)  # fmt: skip
def test_each_trouble_is_known(text: str, trouble: Trouble, detail: str) -> None:
    found = classify(text)
    assert found is not None
    assert (trouble, detail) == (found.trouble, found.detail)
    assert (trouble in OF_LOADERS) is ("oader" in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HOST + "NCCL INFO NET/IB : Using [0]mlx5_0:1/IB [1]mlx5_1:1/RoCE [RO]; OOB eth0:10.2.0.4<0>",
        HOST + "NCCL INFO Channel 00 : 0[eb00] -> 1[eb01] via P2P/IPC",
        "warnings.filterwarnings('ignore', 'This DataLoader will create 4 worker processes in total. Our')",
        "COMMAND=/usr/bin/grep 'NCCL WARN Call' train.log",
        "iteration 100/500 | elapsed time per iteration (ms): 6000.0 | lm loss: 5.0E+00",
        "DataLoader: 8 workers, prefetch 2",
    ],
)
def test_other_lines_tell_nothing(text: str) -> None:
    assert classify(text) is None
