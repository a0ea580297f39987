"""Kernel-log lines: what is a fault of a GPU or a switch, what is other trouble, and what only looks like it."""

import gzip
import json
from pathlib import Path

import pytest

from trimtab.gpu_faults.catalogue import Takes
from trimtab.gpu_faults.lines import Follower, Kind, bus_id, classify

SHARED = Path(__file__).parents[4] / "shared" / "data" / "xid_catalogue" / "kernel_lines.jsonl.gz"
OFF = "NVRM: Xid (PCI:0000:9b:00): 79, pid=4242, name=python3.11, GPU has fallen off the bus."


@pytest.mark.parametrize(
    "before",
    [
        "",
        "[171167.621162] ",
        "[Sun Feb 23 16:24:18 2025] ",
        "4,1234,206764307,-;",
        "<4>[  201.650687] ",
        "kern  :warn  : 2025-01-21T04:41:44,285060+00:00 ",
        "Nov 30 11:00:00 node-7 kernel: [ 12.5] ",
        "message repeated 3 times: [ ",
    ],
)
def test_what_stands_before_a_message_does_not_matter(before: str) -> None:
    line = classify(before + OFF)
    assert (line.kind, line.code, line.device, line.pid, line.process) == (
        Kind.XID, 79, "PCI:0000:9b:00", 4242, "python3.11",
    )  # fmt: skip
    assert (line.action, line.takes, line.bus_id) == ("RESTART_BM", Takes.YES, "0000:9b:00.0")
    assert line.message.startswith("GPU has fallen off the bus.")


def test_a_record_of_the_journal_is_read_by_its_message() -> None:
    assert classify(json.dumps({"PRIORITY": "4", "MESSAGE": OFF})).code == 79
    assert classify(json.dumps({"MESSAGE": list(OFF.encode() + b"\xff")})).code == 79
    assert classify(json.dumps({"MESSAGE": None, "note": OFF})).code == 79, "not a journal's: the text counts"


def test_unknown_processes_are_none() -> None:
    line = classify("NVRM: Xid (PCI:0000:38:00): 13, pid='<unknown>', name=<unknown>, Graphics Exception: ESR 0x5")
    assert (line.pid, line.process, line.message) == (None, "", "Graphics Exception: ESR 0x5")
    assert (line.action, line.takes) == ("RESTART_APP", Takes.NO)


def test_an_instance_of_mig_is_read_beside_its_gpu() -> None:
    line = classify("NVRM: Xid (PCI:0000:41:00 GPU-I:05): 94, pid=7194, name=py, Contained: CE User Channel (0x9).")
    assert (line.code, line.device, line.instance) == (94, "PCI:0000:41:00", "GPU-I:05")


def test_a_code_that_the_catalogue_lacks_is_a_fault_without_an_action() -> None:
    line = classify("NVRM: Xid (PCI:0000:05:00): 4711, odd")
    assert (line.code, line.action, line.takes) == (4711, "", Takes.UNKNOWN)


def test_nvlink_errors_are_decoded_by_unit_and_status() -> None:
    line = classify(
        "NVRM: Xid (PCI:0019:01:00): 145, pid=12, name=nccl, RLW_SRC_TRACK Nonfatal XC1 i0 Link 12 "
        "(0x040988e2 0x00000008 0x00000000 0x00000000 0x00000000 0x00000000)"
    )
    assert (line.unit, line.severity, line.link, line.word, line.status, line.sub_code) == (
        "RLW_SRC_TRACK", "Nonfatal", 12, "0x040988e2", "0x00000008", 0,
    )  # fmt: skip
    assert line.decoded_actions == {"XID_154_EVAL"}
    assert (line.action, line.advice, line.takes) == ("WORKFLOW_NVLINK5_ERR", "XID_154_EVAL", Takes.NO)


def test_the_first_word_says_which_row_of_a_unit_fits() -> None:
    down = "NVRM: Xid (PCI:0000:04:00): 149, NETIR_LINK_EVT/NETIR_LINK_DOWN Fatal XC0 i0 Link 00 ({} 0x00000000)"
    user, peer = classify(down.format("0x00f00011")), classify(down.format("0x02000011"))
    assert (user.sub_code, user.decoded[0].then) == (15, "INVESTIGATE_SW_USER")
    assert (peer.sub_code, peer.decoded[0].then) == (32, "INVESTIGATE_PEER_DEVICE")
    assert (peer.advice, peer.takes) == ("RESET_GPU", Takes.YES)


def test_a_line_of_nvlink_that_breaks_off_is_not_decoded() -> None:
    line = classify("NVRM: Xid (PCI:0018:01:00): 149, NETIR Fatal XC0 i0 Link -1 (0x000fe406")
    assert (line.code, line.unit, line.decoded, line.takes) == (149, "", (), Takes.DECODE)


def test_a_changed_recovery_action_counts_as_what_it_asks_for() -> None:
    line = "NVRM: Xid (PCI:0009:01:00): 154, GPU recovery action changed from {} to {}"
    taken = classify(line.format("0x0 (None)", "0x4 (Drain and Reset)"))
    back = classify(line.format("0x4 (Drain and Reset)", "0x0 (None)"))
    assert (taken.recovery, taken.takes) == ("Drain and Reset", Takes.YES)
    assert back.takes is Takes.NO


def test_a_gpu_off_the_bus_without_a_number_is_79() -> None:
    whole = (
        "NVRM: The NVIDIA GPU 0000:18:00.0\nNVRM: (PCI ID: 10de:2330) installed in this system has\n"
        "NVRM: fallen off the bus and is not responding to commands."
    )
    assert (classify(whole).code, classify(whole).device) == (79, "PCI:0000:18:00")
    one = classify("[ 9.1] NVRM: GPU 0000:18:00.0: GPU has fallen off the bus.")
    assert (one.code, one.device, one.action) == (79, "PCI:0000:18:00", "RESTART_BM")
    follower = Follower()
    told = [follower.read(f"[ 9.{at}] {line}") for at, line in enumerate(whole.split("\n"))]
    assert [line.code for line in told] == [None, None, 79]
    assert told[2].bus_id == "0000:18:00.0"


def test_without_its_gpu_a_line_is_nothing() -> None:
    fallen = "NVRM: fallen off the bus and is not responding to commands."
    assert Follower().read(fallen).kind is Kind.NONE
    follower = Follower()
    for line in ("NVRM: The NVIDIA GPU 0000:18:00.0", "a", "b", "c"):
        assert follower.read(line).kind is Kind.NONE
    assert follower.read(fallen).kind is Kind.NONE, "too long after it"


def test_faults_of_switches() -> None:
    line = classify("[1.5] nvidia-nvswitch0: SXid (PCI:0000:a9:00.0): 20034, Fatal, Link 30 LTSSM Fault Up")
    assert (line.kind, line.code, line.device, line.severity, line.link) == (
        Kind.SXID, 20034, "PCI:0000:a9:00.0", "Fatal", 30,
    )  # fmt: skip
    assert (line.takes, line.bus_id) == (Takes.YES, "0000:a9:00.0")
    mild = classify("nvidia-nvswitch3: SXid (PCI:0000:05:00.0): 12028, Non-fatal, Link 32 egress")
    assert (mild.takes, mild.link) == (Takes.NO, 32)
    assert classify("nvidia-nvswitch3: SXid (PCI:0000:05:00.0): 10003, odd").takes is Takes.YES


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("python3 invoked oom-killer: gfp_mask=0xd0, order=0", "out of memory"),
        ("Memory cgroup out of memory: Killed process 12 (py) total-vm:1kB", "out of memory"),
        ("INFO: task jbd2/sda:77 blocked for more than 120 seconds.", "task blocked"),
        ("<0>[ 3.2] Kernel panic - not syncing: Fatal exception", "kernel panic"),
        ("mlx5_core 0000:5c:00.0: mlx5_pcie_event:299: Detected insufficient power on the PCIe slot (27W).",
         "too little slot power"),
        ("py[5]: segfault at 7 ip 00 sp 00 error 4 in libnccl.so.2[7f+d3]", "crash in NCCL"),
        ("Buffer I/O error on device sdb, logical block 7", "buffer I/O error"),
        ("EDAC MC1: 3 CE memory read error on DIMM0", "memory errors"),
        ("amdgpu 0000:83:00.0: amdgpu: GPU reset begin!", "GPU reset by driver"),
        ("[ERROR] [tid 8] detected NVSwitch fatal error 20034 on fid 0", "NVSwitch fatal error"),
    ],
)  # fmt: skip
def test_other_trouble_is_named(text: str, event: str) -> None:
    line = classify(text)
    assert (line.kind, line.event, line.code) == (Kind.OTHER, event, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NVRM: Xid",
        "NVRM: Xid error: xyz, invalid data",
        "NVRM: Xid (invalid): some error",
        "NVRM: Xid (PCI:0000:9b:00): 0, none",
        "nvidia-nvswitch0: SXid (invalid): some error",
        "Regular log content without Xid",
        "NVRM: The NVIDIA GPU invalid-bdf.0\nNVRM: fallen off the bus and is not responding to commands.",
        "NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.54.15",
        f"sudo: ann : TTY=pts/0 ; COMMAND=/usr/bin/grep {OFF}",
        f"bash[7]: journalctl -k | grep '{OFF}'",
        "EXT4-fs (sda1): Remounting filesystem read-write",
        "segfault at 7f ip 00 sp 00 error 4 in libcuda.so",
    ],
)
def test_harmless_lines_are_nothing(text: str) -> None:
    assert classify(text).kind is Kind.NONE


@pytest.mark.parametrize(
    ("device", "place"),
    [
        ("PCI:0000:9B:00", "0000:9b:00.0"),
        ("00000000:86:00.0", "0000:86:00.0"),
        ("0008:06:00.1", "0008:06:00.1"),
        ("invalid", ""),
        ("", ""),
    ],
)
def test_devices_have_one_place_on_the_bus(device: str, place: str) -> None:
    assert bus_id(device) == place


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded lines are not on this machine")
def test_recorded_lines() -> None:
    rows = [json.loads(row) for row in gzip.decompress(SHARED.read_bytes()).splitlines()]
    for row in rows:
        line, expected = classify(row["line"]), row["expected"]
        told = {
            "kind": str(line.kind),
            "code": line.code,
            "device": line.device,
            "pid": None if line.pid is None else str(line.pid),
            "process": line.process,
            "unit": line.unit,
            "link": line.link,
            "error_status": line.status,
            "sub_code": line.sub_code,
            "nvlink_actions": sorted(line.decoded_actions),
        }
        assert {name: expected[name] for name in told if name in expected} == {
            name: told[name] for name in told if name in expected
        }, row["line"]
