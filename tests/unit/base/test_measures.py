"""Units of bills and rate cards, as providers write them, in hours of GPUs and of machines."""

from decimal import Decimal

import pytest

from trimtab.base.measures import HOURS_A_MONTH, Measure, hours_of, measure_of


@pytest.mark.parametrize(
    "unit",
    ["GPU-Hours", "gpu-hour", "GPU Hours", "GPUHours", "gpuhours", "gpu_hours", "GPU Per Hour", "GPU/h", "per GPU-hour",
     "H100-hours", "1 GPU Hour", "GPU hour(s)", "NVIDIA H100 hours", "A10G hours", "accelerator-hours"],
)  # fmt: skip
def test_time_of_a_gpu(unit: str) -> None:
    assert (Measure.GPU, Decimal(1)) == measure_of(unit)


@pytest.mark.parametrize(
    "unit",
    ["Hrs", "Hours", "hour", "h", "1 Hour", "Hour(s)", "instance-hours", "Instance Hours", "instance-hour",
     "node-hours", "VM hours", "NodeHours", "ONE HOUR", "hours used"],
)  # fmt: skip
def test_time_of_a_machine(unit: str) -> None:
    assert (Measure.NODE, Decimal(1)) == measure_of(unit)


@pytest.mark.parametrize(
    ("unit", "measure", "hours"),
    [
        ("100 Hours", Measure.NODE, Decimal(100)),
        ("GPU-Days", Measure.GPU, Decimal(24)),
        ("days", Measure.NODE, Decimal(24)),
        ("node-months", Measure.NODE, HOURS_A_MONTH),
        ("Instance-Month", Measure.NODE, HOURS_A_MONTH),
        ("GPU-year", Measure.GPU, 12 * HOURS_A_MONTH),
        ("minutes", Measure.NODE, Decimal(1) / 60),
        ("GPU-seconds", Measure.GPU, Decimal(1) / 3600),
    ],
)
def test_other_lengths_of_time(unit: str, measure: Measure, hours: Decimal) -> None:
    assert (measure, hours) == measure_of(unit)


@pytest.mark.parametrize(
    "unit",
    ["", "GB-Mo", "GB-Hours", "vCPU-Hours", "OCPU Hours", "Requests", "1K", "GiB-hours", "Tokens", "kWh", "LCU-Hrs",
     "IP-hours", "address-hours", "1 GB/Month"],
)  # fmt: skip
def test_what_is_no_time_of_a_machine(unit: str) -> None:
    assert (Measure.OTHER, None) == measure_of(unit)


def test_a_thing_without_a_time_has_no_hours() -> None:
    assert (Measure.GPU, None) == measure_of("GPU")
    assert (Measure.NODE, None) == measure_of("instances")


def test_quantities_in_hours() -> None:
    assert (Measure.GPU, Decimal(48)) == hours_of("GPU-Days", Decimal(2))
    assert (Measure.OTHER, Decimal(0)) == hours_of("GB-Mo", Decimal(2))
