"""Metrics that tell of training, by what they say: names as programs send them, and as Prometheus writes them.

Sources: trimtab's callback (`training.*`); Hugging Face's Trainer and Lightning by their loggers (`train/loss`,
`trainer/global_step`); NeMo's logged values; Megatron-LM's TensorBoard scalars; torchtitan's metrics processor;
DeepSpeed's monitor; Ray Train's report. Such names are short and common: a series counts for a run only where its
labels name the run.
"""

import re
from collections.abc import Mapping, Sequence

from trimtab.fleet.telemetry.concepts import Found, Metric
from trimtab.fleet.telemetry.devices import pod_of
from trimtab.inventory.runs.model import Run

_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_:]")


def _metrics(*names: str) -> tuple[Metric, ...]:
    """Metrics of these names, each also as Prometheus spells it; counters also with `_total`."""
    spelt = [way for name in names for way in (name, _NOT_A_NAME.sub("_", name), _NOT_A_NAME.sub("_", name) + "_total")]
    return tuple(Metric(name) for name in dict.fromkeys(spelt))


TOLD: Mapping[str, tuple[Metric, ...]] = {
    "step": _metrics(
        "training.step", "trainer/global_step", "train/global_step", "global_step", "train_global_step",
        "training_iteration", "iteration", "training_step",
    ),
    "epoch": _metrics("training.epoch", "train/epoch", "epoch"),
    "samples": _metrics("training.samples", "consumed_samples", "consumed-train-samples", "train/consumed_samples"),
    "tokens": _metrics(
        "training.tokens", "n_tokens_seen", "num_input_tokens_seen", "train/num_input_tokens_seen", "consumed_tokens",
    ),
    "loss": _metrics(
        "training.loss", "train/loss", "train_loss", "reduced_train_loss", "lm loss", "lm-loss-training/lm loss",
        "loss_metrics/global_avg_loss", "Train/Samples/train_loss",
    ),
    "step_s": _metrics(
        "training.step.time", "train_step_timing in s", "time_metrics/end_to_end(s)", "iteration-time",
    ),
    "checkpoints": _metrics("training.checkpoints"),
    "evaluations": _metrics("training.evaluations"),
}  # fmt: skip
"""By field of a mark, and what counts events; the first name that a run has is taken."""
OWN_STEP = _metrics(
    "training.step.own.time", "training.step.compute.time", "training.step.own.time_seconds", "step_compute_time",
)  # fmt: skip
"""A rank's own time of a step: without the time in which it waits for other ranks."""
RANK_LABELS = (
    "rank", "global_rank", "trimtab.rank", "torch.distributed.rank", "world_rank", "ray_train_worker_world_rank",
)  # fmt: skip
"""Labels that say which rank of a run tells something."""
RUN_LABELS = (
    "run", "run_name", "run_id", "trimtab.run", "ray_train_run_name", "ray_train_run_id", "slurm_job_id", "job_id",
    "slurm.job.id", "hpc_job", "exported_job_id", "jobid",
)  # fmt: skip
"""Labels that name a run, by its id or its name."""


class RunNames:
    """Runs by what labels of series call them."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._named: dict[str, list[Run]] = {}
        self._pods: dict[str, list[Run]] = {}
        for run in runs:
            for name in {run.key.job, run.name} - {""}:
                self._named.setdefault(name, []).append(run)
            for pod in {run.key.job, *(part.pod for part in run.held)} - {""}:
                self._pods.setdefault(pod, []).append(run)

    def of(self, one: Found) -> list[Run]:
        """The runs that the labels of a series name."""
        pairs = one.series.dimensions
        values = dict.fromkeys(pairs[label] for label in RUN_LABELS if label in pairs)
        named = [run for value in values for run in self._named.get(value, ())]
        named += self._pods.get(pod_of(one.series), ())
        return list({run.key: run for run in named}.values())
