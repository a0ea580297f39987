"""Throughput of machines that were not measured, from what is known of others: an estimate with error bars.

The logarithm of throughput per accelerator is a Gaussian process: what the task needs, what the accelerator can do (its
data sheet, and how it did on other tasks), the software, how many share a machine, and the machine itself. What was
measured on the same accelerator weighs most; where nothing was, other tasks and data sheets remain, and the bars widen.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.inventory.catalog.speeds import speeds_of

Values = npt.NDArray[np.float64]
_ROUNDS = 3  # of weighing outliers down
_DEGREES = 4.0  # of the t distribution that measurements follow: a tuned and an untuned stack differ tenfold
_LEAST_CALIBRATION = 30  # held-out residuals needed before their quantile replaces the normal one
_PROBABILITY = 0.8


class Machine(Struct, frozen=True):
    """What serves. `software` is free text of its stack; `count` is of accelerators (of processors where none)."""

    name: str
    accelerator: str
    count: float
    software: str = ""
    division: str = ""


class Task(Struct, frozen=True):
    """What is served: the model, the way it is asked (Offline, Server), and what is counted."""

    model: str
    scenario: str
    unit: str


class Measured(Struct, frozen=True):
    """A throughput of a whole machine in the task's unit per second."""

    machine: Machine
    task: Task
    throughput: float


class Estimate(Struct, frozen=True):
    """An estimated throughput with the bounds of 80 %; `nearest` says what it rests on."""

    throughput: float
    lower: float
    upper: float
    nearest: str


class Spread(Struct, frozen=True):
    """Standard deviations in units of the logarithm of throughput: how far apart things are before measuring.

    Chosen for the least error of held-out systems and accelerators on public MLPerf Inference v4.1 results (half of the
    systems); the last two are the powers of FLOPS and of bandwidth from which the rest is counted.
    """

    task: float = 4.198
    scenario: float = 1.369
    variant: float = 0.329
    chip: float = 0.347
    chip_model: float = 0.25
    chip_task: float = 0.22
    slope: float = 0.414
    slope_model: float = 0.013
    stack: float = 0.584
    stack_model: float = 0.904
    division: float = 0.642
    count: float = 0.018
    machine: float = 0.049
    machine_model: float = 0.026
    noise: float = 0.025
    near: float = 1.176
    near_task: float = 0.242
    reach: float = 0.805
    flops_power: float = 1.64
    bandwidth_power: float = -0.412


class _Rows(Struct):
    """What is compared between rows, as codes and numbers."""

    codes: dict[str, npt.NDArray[np.int64]]
    sheet: Values
    count: Values


class Transfer(Struct):
    """An estimator over measured throughputs."""

    measured: Sequence[Measured]
    spread: Spread = field(default_factory=Spread)
    calibrated: bool = True

    def estimate(self, wanted: Sequence[tuple[Machine, Task]]) -> list[Estimate]:
        """Estimates for machines and tasks; those of tasks that nobody measured rest on nothing but the sheet."""
        from scipy.linalg import cho_factor, cho_solve  # takes half a second to load

        known = [one for one in self.measured if one.throughput > 0 and one.machine.count > 0]
        if not known:
            return [Estimate(math.nan, 0.0, math.inf, "nothing measured") for _ in wanted]
        pairs = [(one.machine, one.task) for one in known]
        rows = _rows([*pairs, *wanted])
        sheet = rows.sheet @ np.array([self.spread.flops_power, self.spread.bandwidth_power])
        target = np.array([math.log(one.throughput / one.machine.count) for one in known]) - sheet[: len(known)]
        inside, across, own = _kernels(rows, len(known), self.spread)
        centre = float(np.median(target))
        noise = _noise(inside, target - centre, self.spread)
        factor = cho_factor(inside + np.diag(noise), lower=True)
        mean = across @ cho_solve(factor, target - centre)
        twins = _twins(rows, target - centre)
        mean = centre + sheet[len(known) :] + np.where(np.isnan(twins[len(known) :]), mean, twins[len(known) :])
        variance = own + self.spread.noise**2 - np.einsum("ij,ji->i", across, cho_solve(factor, across.T))
        reach = self._reach(factor, target - centre, rows.codes["machine"][: len(known)], twins)
        found = []
        for (machine, task), middle, spread in zip(wanted, mean, np.sqrt(np.maximum(variance, 1e-6)), strict=True):
            low, high = (math.exp(middle + sign * reach * spread) * machine.count for sign in (-1, 1))
            found.append(Estimate(math.exp(middle) * machine.count, low, high, _nearest(machine, task, known)))
        return found

    def _reach(
        self, factor: tuple[Values, bool], target: Values, machines: npt.NDArray[np.int64], twins: Values
    ) -> float:
        """How many standard deviations hold 80 %: as they did for each machine that is known, left out in turn."""
        from scipy.linalg import cho_solve
        from scipy.special import ndtri

        normal = float(ndtri(0.5 + _PROBABILITY / 2))
        if not self.calibrated:
            return normal
        inverse = cho_solve(factor, np.eye(len(target)))
        weighed = inverse @ target
        scores: list[float] = []
        for machine in np.unique(machines):
            at = np.flatnonzero(machines == machine)
            if len(at) == len(target):
                continue
            covariance = np.linalg.inv(inverse[np.ix_(at, at)])
            off = np.where(np.isnan(twins[at]), covariance @ weighed[at], target[at] - twins[at])
            scores.extend(np.abs(off) / np.sqrt(np.diag(covariance)))
        if len(scores) < _LEAST_CALIBRATION:
            return normal
        return float(np.clip(np.quantile(scores, _PROBABILITY), 0.25 * normal, 4 * normal))


def _twins(rows: _Rows, target: Values) -> Values:
    """The median of what other machines with the same accelerator and stack gave for the same task; NaN without any.

    `target` is of the first rows, those that are known. Most submitters run one tuned stack, some an untuned one: a
    median of them is nearer to the next one than any mean is.
    """
    names = ("model", "unit", "scenario", "variant", "chip", "stack", "division")
    keys = list(zip(*(rows.codes[name].tolist() for name in names), strict=True))
    machines = rows.codes["machine"]
    groups: dict[tuple[int, ...], list[int]] = {}
    for at in range(len(target)):
        groups.setdefault(keys[at], []).append(at)
    found = np.full(len(keys), math.nan)
    for at, key in enumerate(keys):
        others = [one for one in groups.get(key, ()) if machines[one] != machines[at]]
        if others:
            found[at] = np.median(target[others])
    return found


def _nearest(machine: Machine, task: Task, known: Sequence[Measured]) -> str:
    chip = chip_name(machine.accelerator)
    same_task = [one for one in known if one.task == task]
    on_chip = sum(chip_name(one.machine.accelerator) == chip for one in same_task)
    if on_chip:
        return f"{on_chip} measured on {chip} for this task"
    if any(chip_name(one.machine.accelerator) == chip for one in known):
        return f"{chip} measured for other tasks, this task on {len(same_task)} others"
    return f"{len(same_task)} measured for this task on other accelerators; {chip} by its data sheet"


def chip_name(text: str) -> str:
    """The accelerator's name in the table, else the text itself."""
    known = speeds_of(text)
    return known.name if known else text.strip()


def family(model: str) -> str:
    """A model without its accuracy target: `bert-99.9` and `bert-99` are one."""
    head, _, tail = model.rpartition("-")
    return head if head and tail.replace(".", "").isdecimal() and tail.startswith("99") else model


_STACKS = ("tensorrt", "vllm", "openvino", "rocm", "jax", "untether", "triton", "onnx", "tvm", "pytorch", "tensorflow")


def stack_of(software: str) -> str:
    """The serving stack that a text names; the first of those known."""
    lower = software.lower()
    return next((one for one in _STACKS if one in lower), lower.split(" ")[0])


def _rows(pairs: Sequence[tuple[Machine, Task]]) -> _Rows:
    def codes(values: Sequence[object]) -> npt.NDArray[np.int64]:
        numbers: dict[object, int] = {}
        return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)

    sheet = np.zeros((len(pairs), 2))
    for at, (machine, _) in enumerate(pairs):
        chip = speeds_of(machine.accelerator)
        if chip is not None:  # against an L40S-like middle, so that what is unknown is thought average
            sheet[at] = math.log(chip.tensor_tflops / 800), math.log(chip.bandwidth_gbs / 1500)
    models = [family(task.model) for _, task in pairs]
    return _Rows(
        {
            "model": codes(
                [(model, task.unit == "Latency (ms)") for model, (_, task) in zip(models, pairs, strict=True)]
            ),
            "unit": codes([_counted(task.unit) for _, task in pairs]),
            "scenario": codes([task.scenario for _, task in pairs]),
            "variant": codes([task.model for _, task in pairs]),
            "chip": codes([chip_name(machine.accelerator) for machine, _ in pairs]),
            "stack": codes([stack_of(machine.software) for machine, _ in pairs]),
            "division": codes([machine.division for machine, _ in pairs]),
            "machine": codes([machine.name for machine, _ in pairs]),
        },
        sheet,
        np.log2(np.array([max(machine.count, 1e-9) for machine, _ in pairs])),
    )


def _counted(unit: str) -> str:
    """Samples and queries are one thing: an inference. Tokens are another."""
    return "inferences" if unit.startswith(("Samples", "Queries")) else unit


def _kernels(rows: _Rows, known: int, spread: Spread) -> tuple[Values, Values, Values]:
    """Covariances among the known, of the wanted with the known, and the variances of the wanted."""

    def same(name: str) -> Values:
        code = rows.codes[name]
        equal: Values = np.asarray(code[:, None] == code[None, :], dtype=np.float64)
        return equal

    task = same("model") * same("unit")
    chip, stack, scenario = same("chip"), same("stack"), same("scenario")
    sheet = rows.sheet @ rows.sheet.T
    apart = ((rows.sheet[:, None, :] - rows.sheet[None, :, :]) ** 2).sum(2)
    near = np.exp(-apart / (2 * spread.reach**2))
    whole = (
        spread.task**2 * task
        + spread.scenario**2 * task * scenario
        + spread.variant**2 * task * same("variant")
        + chip * (spread.chip**2 + spread.chip_model**2 * task + spread.chip_task**2 * task * scenario)
        + near * (spread.near**2 + spread.near_task**2 * task)
        + sheet * spread.slope**2 * (0.5 + task * 0.5)
        + sheet * spread.slope_model**2 * task * scenario
        + stack * (spread.stack**2 + spread.stack_model**2 * task)
        + spread.division**2 * same("division")
        + spread.count**2 * np.outer(rows.count, rows.count) * (0.5 + 0.5 * task)
        + same("machine") * (spread.machine**2 + spread.machine_model**2 * task)
    )
    return whole[:known, :known], whole[known:, :known], np.diag(whole)[known:].copy()


def _noise(inside: Values, target: Values, spread: Spread) -> Values:
    """The variance of each measurement: those that disagree with all others count less (t distribution)."""
    from scipy.linalg import cho_factor, cho_solve

    base = spread.noise**2
    noise = np.full(len(target), base)
    for _ in range(_ROUNDS):
        inverse = cho_solve(cho_factor(inside + np.diag(noise), lower=True), np.eye(len(target)))
        diagonal = np.diag(inverse)
        off = (inverse @ target) / diagonal  # each left out: how far it is from what the rest says
        score = off**2 * diagonal
        noise = np.asarray(base * np.maximum(1.0, 1 + (score - 1) * 4 / _DEGREES), dtype=np.float64)
    return noise
