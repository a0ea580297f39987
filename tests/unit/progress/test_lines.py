"""Log lines of training programs, each as its program prints it."""

import pytest

from trimtab.progress import lines
from trimtab.progress.model import MarkKind, Workload

MEGATRON = (
    " [2025-08-01 07:19:37] iteration      100/    5000 | consumed samples:        12800 | elapsed time per iteration "
    "(ms): 1913.8 | throughput per GPU (TFLOP/s/GPU): 80.2 | learning rate: 6.976744E-08 | global batch size:   128 | "
    "lm loss: 1.043863E+01 | loss scale: 1.0 | grad norm: 26.203 | number of nan iterations:   0 |"
)
TITAN = (
    "\x1b[31mstep: 1,010\x1b[32m  loss:  4.1234\x1b[38;5;1m  grad_norm:  1.1  \x1b[32mtps: 5,337  \x1b[35mmfu: 31.27%"
)
NEMO = (
    "Training epoch 1, iteration 2/249 | lr: 5.882e-06 | global_batch_size: 8 | global_step: 252 | "
    "reduced_train_loss: 1.653 | train_step_timing in s: 2.505 | consumed_samples: 2024"
)
STEPS = [
    (MEGATRON, "Megatron-LM", {"step": 100, "samples": 12800, "loss": 10.43863, "step_s": 1.9138}),
    (TITAN, "torchtitan", {"step": 1010, "loss": 4.1234, "mfu": 0.3127}),
    (NEMO, "NeMo", {"step": 252, "epoch": 1, "samples": 2024, "loss": 1.653, "step_s": 2.505}),
    (
        "Epoch 0: : 100%|███| 100/100 [10:48<00:00, reduced_train_loss=0.0172, global_step=99.00, "
        "consumed_samples=25600.0, train_step_timing in s=3.130]",
        "NeMo",
        {"step": 99, "samples": 25600, "loss": 0.0172, "step_s": 3.13},
    ),
    (
        "{'loss': 1.25, 'grad_norm': 0.5, 'learning_rate': 5e-05, 'epoch': 0.13}",
        "Hugging Face",
        {"step": None, "epoch": 0.13, "loss": 1.25},
    ),
    ("{'loss': '1.25', 'grad_norm': '0.5', 'epoch': '0.13'}", "Hugging Face", {"epoch": 0.13, "loss": 1.25}),
    (
        "Epoch 1:  50%|#####     | 50/100 [00:10<00:10, 5.00it/s, v_num=0, train_loss=0.321]",
        "Lightning",
        {"step": 150, "epoch": 1.5, "loss": 0.321},
    ),
    (
        "[2023-01-01 00:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[1e-5]",
        "DeepSpeed",
        {"step": 10},
    ),
    ("steps: 10 loss: 1.2300 iter time (s): 1.200 samples/sec: 13.3", "DeepSpeed", {"step": 10, "step_s": 1.2}),
]
OTHERS = [
    (" validation loss at iteration 1000 | lm loss value: 2.5E+00 | lm loss PPL: 7.4", MarkKind.SCORE, 1000),
    ("saving checkpoint at iteration     500 to /ckpt in torch_dist format", MarkKind.SAVE, 500),
    ("  successfully saved checkpoint from iteration     500 to /ckpt", MarkKind.SAVED, 500),
    (" successfully loaded checkpoint from /ckpt [ t 1/1, p 1/1 ] at iteration 500", MarkKind.LOADED, 500),
    ("validate step: 100  loss:  3.1  memory: 1GiB", MarkKind.SCORE, 100),
    ("[titan] - INFO - Saving the checkpoint (or staging if async is enabled).", MarkKind.SAVE, None),
    ("[titan] - INFO - Finished saving the checkpoint in 12.34 seconds.", MarkKind.SAVED, None),
    ("[titan] - INFO - Loading the checkpoint from out/checkpoint/step-500.", MarkKind.LOADED, 500),
    ("[titan] - root - INFO - Training completed", MarkKind.END, None),
    ("***** Running training *****", MarkKind.START, None),
    ("***** Running Evaluation *****", MarkKind.EVALUATE, None),
    ("Saving model checkpoint to /out/checkpoint-500", MarkKind.SAVED, 500),
    ("Continuing training from global step 500", MarkKind.LOADED, 500),
    ("{'eval_loss': 1.1, 'eval_runtime': 3.2, 'epoch': 1.0}", MarkKind.SCORE, None),
    ("{'train_runtime': 120.0, 'train_loss': 1.0, 'epoch': 3.0}", MarkKind.END, None),
    ("`Trainer.fit` stopped: `max_epochs=3` reached.", MarkKind.END, None),
    ("[Torch] Checkpoint global_step100 is about to be saved!", MarkKind.SAVE, 100),
    ("[Torch] Checkpoint global_step100 is ready now!", MarkKind.SAVED, 100),
    (':::MLLOG {"time_ms": 7, "key": "eval_start", "value": null, "metadata": {}}', MarkKind.EVALUATE, None),
]
WORKLOADS = [
    ("  seq_length ...................................... 4096", Workload(sequence=4096)),
    ("  global_batch_size ............................... 1024", Workload(batch=1024)),
    (
        "[titan] INFO - Training starts at step 1, with local batch size 8, global batch size 64, sequence length "
        "8192, total steps 1000 (warmup 200)",
        Workload(batch=64, sequence=8192, total_steps=1000),
    ),
    ("[titan] INFO - Model llama3 8B size: 8,030,261,248 total parameters", Workload(parameters=8_030_261_248)),
    ("  Number of trainable parameters = 6,738,415,616", Workload(parameters=6_738_415_616)),
    ("  Total train batch size (w. parallel, distributed & accumulation) = 128", Workload(batch=128)),
    ("  Total optimization steps = 1,218", Workload(total_steps=1218)),
    ("  Num Epochs = 3", Workload(epochs=3)),
    ("8.0 B     Trainable params", Workload(parameters=8e9)),
    (':::MLLOG {"time_ms": 7, "key": "global_batch_size", "value": 64, "metadata": {}}', Workload(batch=64)),
]


@pytest.mark.parametrize(("line", "dialect", "expected"), STEPS)
def test_a_line_of_a_step_says_how_far_it_is(line: str, dialect: str, expected: dict[str, float | None]) -> None:
    said = lines.read(line, 5)
    assert said is not None
    assert said.mark is not None
    assert (dialect, MarkKind.STEP, 5) == (said.dialect, said.mark.kind, said.mark.at_ms)
    assert expected == {name: getattr(said.mark, name) for name in expected}
    assert lines.may_say(line)


@pytest.mark.parametrize(("line", "kind", "step"), OTHERS)
def test_a_line_of_a_phase_says_which(line: str, kind: MarkKind, step: int | None) -> None:
    said = lines.read(line, 5)
    assert said is not None
    assert said.mark is not None
    assert (kind, step) == (said.mark.kind, said.mark.step)
    assert lines.may_say(line)


@pytest.mark.parametrize(("line", "workload"), WORKLOADS)
def test_a_line_of_what_is_trained_says_it(line: str, workload: Workload) -> None:
    said = lines.read(line, 5)
    assert said is not None
    assert workload == said.workload
    assert lines.may_say(line)


@pytest.mark.parametrize(
    "line",
    [
        "GET /step: 3 200",
        "step: three  loss: low",
        "the next iteration of the plan",
        "Epoch 3 begins",
        "{'epoch': 3}",
        "{'loss': nan}",
        ":::MLLOG {broken",
        ':::MLLOG {"time_ms": 7, "key": "seed", "value": 1, "metadata": {}}',
        "x" * 100_000,
        "",
    ],
)
def test_other_lines_say_nothing(line: str) -> None:
    assert lines.read(line, 5) is None


def test_every_hint_has_a_stem_so_no_line_is_passed_over() -> None:
    assert [] == [hint for hint in lines.HINTS if not lines.may_say(hint)]


def test_a_loss_that_is_no_number_is_left_out() -> None:
    said = lines.read(" iteration  7/ 10 | elapsed time per iteration (ms): 5.0 | lm loss: nan |", 5)
    assert said is not None
    assert said.mark is not None
    assert (7, None) == (said.mark.step, said.mark.loss)
