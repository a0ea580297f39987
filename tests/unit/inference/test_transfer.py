"""Throughput of machines that were not measured."""

import math

from trimtab.inference.transfer import Machine, Measured, Task, Transfer
from trimtab.inventory.catalog.speeds import speeds_of

BERT, LLM = Task("bert-99", "Offline", "Samples/s"), Task("llama2-70b-99", "Offline", "Tokens/s")


def _machine(name: str, chip: str, count: float = 8) -> Machine:
    return Machine(name, chip, count, "TensorRT 10", "closed")


_KNOWN = [
    Measured(_machine("a", "NVIDIA H100-SXM-80GB"), BERT, 8 * 9000.0),
    Measured(_machine("b", "NVIDIA H100-SXM-80GB", 4), BERT, 4 * 9100.0),
    Measured(_machine("c", "NVIDIA L40S"), BERT, 8 * 3300.0),
    Measured(_machine("a", "NVIDIA H100-SXM-80GB"), LLM, 8 * 3000.0),
]


def test_the_same_accelerator_elsewhere_says_most() -> None:
    found = Transfer(_KNOWN).estimate([(_machine("new", "NVIDIA H100-SXM-80GB", 2), BERT)])[0]
    assert abs(found.throughput / (2 * 9050) - 1) < 0.02
    assert found.lower < found.throughput < found.upper
    assert "2 measured on H100-SXM" in found.nearest


def test_what_rests_on_less_has_wider_bars() -> None:
    close, far = Transfer(_KNOWN).estimate(
        [(_machine("new", "NVIDIA H100-SXM-80GB"), BERT), (_machine("other", "NVIDIA L4"), BERT)]
    )
    assert far.upper / far.lower > close.upper / close.lower
    assert far.throughput < close.throughput
    assert "by its data sheet" in far.nearest


def test_another_task_of_the_accelerator_counts() -> None:
    found = Transfer(_KNOWN).estimate([(_machine("c2", "NVIDIA L40S"), LLM)])[0]
    assert 0 < found.throughput < 8 * 3000
    assert "measured for other tasks" in found.nearest


def test_nothing_measured_is_nothing_known() -> None:
    found = Transfer([]).estimate([(_machine("x", "NVIDIA L4"), BERT)])[0]
    assert math.isnan(found.throughput)
    assert "nothing measured" == found.nearest


def test_accelerators_are_told_apart_by_their_form() -> None:
    names = {
        "NVIDIA H100-PCIe-80GB": "H100-PCIe",
        "NVIDIA H100 80GB HBM3 SXM5": "H100-SXM",
        "NVIDIA GH200 Grace Hopper Superchip 144GB": "GH200-144GB",
        "NVIDIA A100-SXM4-40GB": "A100-SXM-40GB",
        "Tesla T4": "T4",
        "AMD Instinct MI300X-NPS1-SPX-192GB-750W": "MI300X",
        "NVIDIA Jetson AGX Orin 64G": "Orin AGX",
        "Intel(R) Xeon(R) Platinum 8592+": None,
    }
    found = {text: speeds_of(text) for text in names}
    assert names == {text: chip.name if chip else None for text, chip in found.items()}
