"""Figures of a run: each with how it came about, and why where it is not known."""

import pytest

from trimtab.inventory.catalog.speeds import every, speeds_of
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.progress.course import Course, course_of
from trimtab.progress.energy import Energy, EnergyBasis
from trimtab.progress.model import Mark, MarkKind, Workload
from trimtab.progress.report import RunEnergy, report_of, workload_of

NO_ENERGY = RunEnergy((), "no GPU reports its energy or power")


def trained(*, samples: float | None = None, tokens: float | None = None, steps: int = 100) -> Course:
    marks = [
        Mark(at_ms=0, kind=MarkKind.TRAIN, step=0, samples=0 if samples else None, tokens=0 if tokens else None),
        Mark(at_ms=1_000_000, kind=MarkKind.END, step=steps, samples=samples, tokens=tokens),
    ]
    found = course_of(marks)
    assert found is not None
    return found


def test_tokens_are_as_told_else_of_samples_else_of_steps() -> None:
    workload = Workload(batch=8, sequence=1000, accelerators=2, accelerator="H100")
    rates = [
        report_of(course, workload, 1.0, NO_ENERGY).tokens_per_s.value
        for course in (trained(tokens=5e6), trained(samples=2000), trained(steps=300))
    ]
    assert [5000, 2000, 2400] == rates
    unknown = report_of(trained(), Workload(), 1.0, NO_ENERGY).tokens_per_s
    assert (None, "nothing says how many samples, nor how many a step has") == (unknown.value, unknown.how)


def test_goodput_is_productive_by_held_gpu_hours_and_never_more_than_all() -> None:
    workload = Workload(accelerators=8)
    assert 1000 * 8 / 3600 / 5 == report_of(trained(), workload, 5.0, NO_ENERGY).goodput.value
    assert 1.0 == report_of(trained(), workload, 1.0, NO_ENERGY).goodput.value
    assert report_of(trained(), workload, 0.0, NO_ENERGY).goodput.value is None
    assert report_of(trained(), Workload(), 5.0, NO_ENERGY).goodput.value is None


def test_mfu_takes_factor_and_precision_of_the_workload() -> None:
    workload = Workload(
        parameters=1e9, accelerators=2, accelerator="NVIDIA H100 80GB HBM3", flops_factor=4, precision="fp8"
    )
    found = report_of(trained(tokens=1e9), workload, 1.0, NO_ENERGY).mfu
    assert 4 * 1e9 * 1e9 / (1000 * 2 * 1978.9e12) == pytest.approx(found.value)
    assert "dense FP8" in found.how


def test_the_program_s_own_mfu_stands_in_where_the_formula_lacks_something() -> None:
    marks = [Mark(at_ms=at * 1000, kind=MarkKind.STEP, step=at, mfu=0.4) for at in range(9)]
    found = report_of(course_of(marks), Workload(), 1.0, NO_ENERGY).mfu
    assert (0.4, "as the program itself reported last") == (found.value, found.how)


def test_energy_says_its_basis_and_for_how_much_of_the_time_it_is_known() -> None:
    parts = (Energy(3.6e6, 3600, EnergyBasis.COUNTER), Energy(1.8e6, 1800, EnergyBasis.POWER))
    found = report_of(trained(samples=1000), Workload(), 2.0, RunEnergy(parts))
    assert 1.5 == found.kwh.value
    assert "by energy counter and power, by trapezoid" in found.kwh.how
    assert "known for 1.50 of 2.00 GPU-hours" in found.kwh.how
    assert (None, "its energy is known for a part of its time only") == (
        found.joules_a_sample.value,
        found.joules_a_sample.how,
    )
    whole = report_of(trained(samples=1000), Workload(), 1.5, RunEnergy(parts))
    assert 5400 == whole.joules_a_sample.value
    assert "known for" not in whole.kwh.how
    assert (None, NO_ENERGY.reason) == (report_of(None, Workload(), 1.0, NO_ENERGY).kwh.value, NO_ENERGY.reason)


def test_nothing_told_leaves_every_figure_unknown_with_the_reason() -> None:
    found = report_of(None, Workload(), 1.0, NO_ENERGY)
    for figure in (found.step_s, found.samples_per_s, found.tokens_per_s, found.mfu, found.goodput):
        assert figure.value is None
        assert "no progress was reported" in figure.how


def test_tags_of_a_run_say_what_it_trains() -> None:
    tags = {
        "model_parameters": "8.03B", "sequence_length": "8,192", "global_batch_size": "1e3", "precision": "fp8",
        "flops_factor": "4",
    }  # fmt: skip
    run = Run(RunKey("1", "c", "j"), "slurm", RunState.RUNNING, 0, gpus=16, gpu_type="H100", tags=tags)
    found = workload_of(run)
    assert 8.03e9 == pytest.approx(found.parameters)
    assert (8192, 1000, "fp8", 4) == (
        found.sequence, found.batch, found.precision, found.flops_factor,
    )  # fmt: skip
    odd = Run(
        RunKey("1", "c", "j"), "slurm", RunState.RUNNING, 0, tags={"model_parameters": "many", "sequence_length": "."}
    )
    assert (0, 0) == (workload_of(odd).parameters, workload_of(odd).sequence)


@pytest.mark.parametrize(
    ("text", "tflops"),
    [
        ("NVIDIA H100-SXM5-80GB", 989.4), ("NVIDIA H200-SXM5-141GB", 989.4), ("NVIDIA H200-NVL-141GB", 836),
        ("NVIDIA Blackwell GPU (B200-SXM-180GB)", 2250), ("NVIDIA Blackwell GPU (GB200)", 2500),
        ("NVIDIA GB300", 2500), ("NVIDIA A100-SXM4-80GB", 312), ("NVIDIA L40S", 362),
        ("AMD Instinct MI300X 192GB HBM3", 1307.4), ("AMD Instinct MI325X 256GB HBM3e", 1307.4), ("h100", 989.4),
        ("p100", 18.7), ("AMD Radeon RX 7900 XTX", 122.8),
    ],
)  # fmt: skip
def test_peaks_are_those_of_the_data_sheets(text: str, tflops: float) -> None:
    found = speeds_of(text)
    assert found is not None
    assert tflops * 1e12 == found.peak_flops()


def test_every_accelerator_has_its_source_and_its_day_and_finds_itself() -> None:
    assert all(one.source and len(one.as_of) == 10 for one in every())
    assert [] == [one.name for one in every() if (speeds_of(one.name) or one) is not one]
    assert speeds_of("Quantum Frobnicator 9") is None
