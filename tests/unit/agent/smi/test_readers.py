"""What nvidia-smi, rocm-smi, amd-smi and nvidia_gpu_exporter print, read into GPUs: what is unknown stays unknown."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from printed_gpus import ROCM, XML, amd
from trimtab.agent.smi import amd_json, exporter_page
from trimtab.agent.smi.reading import read
from trimtab.agent.smi.sample import GpuProcess, GpuSample, quantity, said
from trimtab.base.errors import InvalidInput

SHARED = Path(__file__).parents[5] / "shared" / "data" / "gpu_recordings"


def test_nvidia_smi() -> None:
    recording = read(XML)
    whole, divided = recording.gpus
    assert "550.54" == recording.driver
    assert (
        GpuSample(
            vendor="NVIDIA",
            index=0,
            name="NVIDIA H100 80GB HBM3",
            uuid="GPU-1",
            bus_id="00000000:9B:00.0",
            utilization=0.42,
            memory_busy=pytest.approx(0.07),
            memory_used=512 * 2**20,
            memory_total=81559 * 2**20,
            power=101.5,
            temperature=39.0,
            uncorrected=3,
            mig_mode="Disabled",
            processes=(GpuProcess(7, "/opt/bin/python3", 500 * 2**20), GpuProcess(8, "hidden", None)),
        )
        == whole
    )
    assert (1, "Enabled", 2, 0) == (divided.index, divided.mig_mode, divided.mig_devices, divided.memory_used)
    assert (None, None, None, None) == (divided.utilization, divided.power, divided.temperature, divided.uncorrected)


def test_xml_of_a_stranger_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><nvidia_smi_log>&b;</nvidia_smi_log>'
    with pytest.raises(InvalidInput, match="declares entities"):
        read(bomb)
    with pytest.raises(InvalidInput, match="expected <nvidia_smi_log>"):
        read("<html/>")
    with pytest.raises(InvalidInput, match="was all of the output kept"):
        read(XML[:400])


def test_rocm_smi() -> None:
    recording = read(json.dumps(ROCM))
    first, second = recording.gpus
    assert ("6.3.6", "Instinct [MI300X]", "0xab", "0000:1E:00.0") == (
        recording.driver, first.name, first.uuid, first.bus_id,
    )  # fmt: skip
    assert (0.65, 139.0, 31.0, "edge", 6782976, 34342961152) == (
        first.utilization, first.power, first.temperature, first.sensor, first.memory_used, first.memory_total,
    )  # fmt: skip
    assert (1, 0.0, None, 47.0, "junction", None, "") == (
        second.index, second.utilization, second.power, second.temperature, second.sensor, second.memory_used,
        second.uuid,
    )  # fmt: skip
    assert ((), ()) == (first.processes, second.processes), "of two cards nobody says which"
    alone = read(json.dumps({"card0": ROCM["card0"], "system": ROCM["system"]}))
    assert (GpuProcess(77, "python", 4096),) == alone.gpus[0].processes


@pytest.mark.parametrize("wrapped", [True, False])
def test_amd_smi(wrapped: bool) -> None:
    entries = [amd(), {"gpu": 1, "usage": "N/A", "mem_usage": {"used_vram": "N/A"}}]
    static = [
        {"gpu": 0, "asic": {"market_name": "AMD Instinct MI300X", "asic_serial": "0x9"}, "bus": {"bdf": "0000:0c:00.0"}}
    ]
    texts = [json.dumps({"gpu_data": one} if wrapped else one) for one in (entries, static)]
    first, second = amd_json.named(*map(amd_json.read, texts)).gpus
    assert ("AMD Instinct MI300X", "0x9", "0000:0c:00.0") == (first.name, first.uuid, first.bus_id)
    assert (0.93, 0.2, 600.0, 71.0, "hotspot", 100 * 2**20, 196592 * 2**20, 4) == (
        first.utilization, first.memory_busy, first.power, first.temperature, first.sensor, first.memory_used,
        first.memory_total, first.uncorrected,
    )  # fmt: skip
    assert (None, None, None, "") == (second.utilization, second.memory_used, second.power, second.name)


PAGE = """# TYPE nvidia_smi_gpu_info gauge
nvidia_smi_gpu_info{driver_version="590.48",index="3",name="NVIDIA H200",pci_bus_id="00000000:83:00.0",uuid="u1"} 1
nvidia_smi_memory_used_bytes{uuid="u1"} 5.7e+07
nvidia_smi_memory_total_bytes{uuid="u1"} 1.5e+11
nvidia_smi_power_draw_watts{uuid="u1"} 78.28
nvidia_smi_temperature_gpu{uuid="u1"} 28
nvidia_smi_clocks_event_reasons_active{uuid="u1"} 1
nvidia_smi_ecc_errors_uncorrected_aggregate_total{uuid="u1"} 2
nvidia_smi_compute_app_info{pid="12",process_name="/root/memhog",uuid="u1"} 1
nvidia_smi_compute_app_used_memory_bytes{pid="12",process_name="/root/memhog",uuid="u1"} 2.3e+09
nvidia_smi_compute_app_info{pid="13",process_name="quiet",uuid="u1"} 1
nvidia_smi_utilization_gpu_ratio{uuid="u2"} 0.5
nvidia_smi_power_draw_watts{uuid="u2"} NaN
go_goroutines 8
"""


def test_a_page_of_nvidia_gpu_exporter() -> None:
    recording = read(PAGE)
    divided, other = recording.gpus
    assert ("590.48", 3, "NVIDIA H200", "u1") == (recording.driver, divided.index, divided.name, divided.uuid)
    assert (None, 57_000_000, 150_000_000_000, 78.28, 28.0, 1, 2) == (
        divided.utilization, divided.memory_used, divided.memory_total, divided.power, divided.temperature,
        divided.throttle_reasons, divided.uncorrected,
    )  # fmt: skip
    assert (GpuProcess(12, "/root/memhog", 2_300_000_000), GpuProcess(13, "quiet", None)) == divided.processes
    assert ("u2", 0.5, None) == (other.uuid, other.utilization, other.power)
    assert not exporter_page.is_page("go_goroutines 8\n")


@pytest.mark.parametrize("text", ["", "hello", "go_goroutines 8\n", '{"a": 1}', "[1]", "{"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read"):
        read(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42 MiB", 42 * 2**20), ("(500Mhz)", 5e8), ("0 %", 0.0), ("67.03 W", 67.03), ("7", 7.0), ("-3 C", -3.0),
        ("N/A", None), ("[Not Supported]", None), ("N/A (Secondary die)", None), ("", None), (None, None),
        ("5 furlongs", None), ("Requested functionality has been deprecated", None),
    ],
)  # fmt: skip
def test_quantities(text: str | None, value: float | None) -> None:
    assert value == quantity(text)


def test_words_for_nothing_are_nothing() -> None:
    assert ["", "", "", "x"] == [said(text) for text in ("[N/A]", None, " Unknown Error ", " x ")]


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded output is not on this machine")
def test_recorded_output() -> None:
    program = Path(__file__).parents[4] / "bench" / "eval_gpu_recordings.py"
    run = subprocess.run([sys.executable, str(program), str(SHARED)], capture_output=True, text=True, check=True)
    assert {"files": 20, "wrong": 0} == json.loads(run.stdout.splitlines()[-1]), run.stdout
