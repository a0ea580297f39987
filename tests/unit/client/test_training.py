"""The callbacks: what they tell, with classes that stand in for the frameworks', and that they never disturb."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from trimtab.base.clock import ManualClock
from trimtab.client import training
from trimtab.client.progress_wire import ReportProgress
from trimtab.client.training import Teller, hugging_face_progress, lightning_progress
from trimtab.settings import launched


class Sent:
    """A teller that keeps what it sends."""

    def __init__(self) -> None:
        self.reports: list[ReportProgress] = []
        self.clock = ManualClock()
        self.teller = Teller(self.reports.append, "101", "atlas", self.clock)

    def marks(self) -> list[tuple[str, int | None]]:
        self.teller.flush()
        return [(mark.kind, mark.step) for report in self.reports for mark in report.marks]


def stand_in(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    made = ModuleType(module)
    setattr(made, name, type(name, (), {}))
    monkeypatch.setitem(sys.modules, module, made)


def test_a_lightning_training_is_told_phase_by_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lightning", "lightning.pytorch"):
        stand_in(monkeypatch, name, "Callback")
    sent = Sent()
    callback: Any = lightning_progress(sent.teller)
    trainer = SimpleNamespace(global_step=0, current_epoch=0, sanity_checking=False)
    module = SimpleNamespace(parameters=lambda: [SimpleNamespace(numel=lambda: 3), SimpleNamespace(numel=lambda: 4)])
    callback.on_fit_start(trainer, module)
    callback.on_train_start(trainer, module)
    for step in (1, 2, 3):
        trainer.global_step = step
        sent.clock.advance(3)
        callback.on_train_batch_end(trainer, module, None, None, 0)
    callback.on_validation_start(trainer, module)
    callback.on_validation_end(trainer, module)
    callback.on_save_checkpoint(trainer, module, {})
    callback.on_train_end(trainer, module)
    expected = [
        ("start", None), ("train", 0), ("step", 1), ("step", 3), ("evaluate", None), ("train", None),
        ("saved", 3), ("end", 3),
    ]  # fmt: skip
    assert expected == sent.marks()
    assert 7 == sent.reports[0].workload.parameters


def test_a_sanity_check_is_start_up(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "pytorch_lightning", "Callback")
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)  # type: ignore[arg-type]  # as if not installed
    sent = Sent()
    callback: Any = lightning_progress(sent.teller)
    trainer = SimpleNamespace(sanity_checking=True)
    callback.on_validation_start(trainer, None)
    callback.on_validation_end(trainer, None)
    assert [("start", None), ("start", None)] == sent.marks()


def test_a_hugging_face_training_is_told_with_its_batch_and_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "transformers", "TrainerCallback")
    sent = Sent()
    callback: Any = hugging_face_progress(sent.teller)
    args = SimpleNamespace(train_batch_size=4, gradient_accumulation_steps=2, world_size=8)
    state = SimpleNamespace(global_step=0, max_steps=90, epoch=0.0, log_history=[])
    control = SimpleNamespace(should_evaluate=False, should_save=False)
    model = SimpleNamespace(num_parameters=lambda: 1000)
    callback.on_train_begin(args, state, control, model=model)
    state.global_step, state.log_history = 10, [{"loss": 2.5}]
    callback.on_step_end(args, state, control)
    state.global_step, control.should_evaluate = 11, True
    callback.on_step_end(args, state, control)
    callback.on_evaluate(args, state, control, metrics={"eval_loss": 1.5})
    callback.on_save(args, state, control)
    callback.on_train_end(args, state, control)
    expected = [("step", 0), ("step", 10), ("step", 11), ("score", None), ("saved", 11), ("end", 11)]
    assert expected == sent.marks()
    report = sent.reports[0]
    assert (64, 90, 1000) == (report.workload.batch, report.workload.total_steps, report.workload.parameters)
    assert (2.5, 1.5) == (report.marks[1].loss, report.marks[3].score)


def test_a_training_that_goes_on_says_from_where(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "transformers", "TrainerCallback")
    sent = Sent()
    args = SimpleNamespace(train_batch_size=1, gradient_accumulation_steps=1, world_size=1)
    state = SimpleNamespace(global_step=50, max_steps=90)
    hugging_face_progress(sent.teller).on_train_begin(args, state, None)
    assert [("loaded", 50)] == sent.marks()


def test_without_the_framework_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # type: ignore[arg-type]  # as if not installed
    with pytest.raises(ImportError, match="transformers"):
        hugging_face_progress(Sent().teller)


def test_a_server_that_fails_fails_nothing_and_a_full_queue_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "MOST_WAITING", 2)

    def fail(_report: ReportProgress) -> None:
        raise RuntimeError("down")

    teller = Teller(fail, "101", "atlas", ManualClock())
    for _ in range(5):
        teller.tell("start")
    teller.about(no_such_fact=1)
    teller.flush()
    teller.flush()


def test_where_nothing_names_a_run_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_JOB_ID", "KUBERNETES_SERVICE_HOST", "TRIMTAB_RUN"):
        monkeypatch.delenv(name, raising=False)
    silent = Teller.of_environment()
    silent.tell("start")
    silent.flush()
    assert silent._waiting.empty()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ("", "", 0)),
        ({"SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "atlas", "SLURM_PROCID": "3"}, ("7", "atlas", 3)),
        ({"SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "2"}, ("7_2", "", 0)),
        ({"KUBERNETES_SERVICE_HOST": "x", "HOSTNAME": "train-0", "POD_NAMESPACE": "vision"}, ("vision/train-0", "", 0)),
        ({"TRIMTAB_RUN": "a", "TRIMTAB_RUN_CLUSTER": "b", "SLURM_JOB_ID": "7", "RANK": "1"}, ("a", "b", 1)),
        ({"TRIMTAB_RUN": "a", "SLURM_CLUSTER_NAME": "atlas", "RANK": "odd"}, ("a", "", 0)),
    ],
)
def test_the_run_is_as_settings_and_schedulers_tell(environ: dict[str, str], expected: tuple[str, str, int]) -> None:
    found = launched(environ)
    assert expected == (found.job, found.cluster, found.rank)


def test_a_trainer_of_another_version_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (("transformers", "TrainerCallback"), ("pytorch_lightning", "Callback")):
        stand_in(monkeypatch, module, name)
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)  # type: ignore[arg-type]  # as if not installed
    sent = Sent()
    other: Any = SimpleNamespace()
    hugging_face_progress(sent.teller).on_train_begin(other, other, other)
    hugging_face_progress(sent.teller).on_step_end(other, other, other)
    lightning_progress(sent.teller).on_train_start(other, other)
    lightning_progress(sent.teller).on_train_batch_end(other)
    assert [] == sent.marks()
