"""Callbacks that tell trimtab how far training is: PyTorch Lightning's and Hugging Face's. Base install; no torch.

    from trimtab.client.training import lightning_progress, hugging_face_progress
    Trainer(callbacks=[lightning_progress()])

They never hold training up and never fail it: what they tell waits in a queue of `MOST_WAITING`, a thread sends it
every `PACE_S` seconds, and what cannot be sent is dropped. Only the first rank tells.

The server is that of the settings (TRIMTAB_URL, TRIMTAB_TOKEN), the run TRIMTAB_RUN of TRIMTAB_RUN_CLUSTER, else
SLURM's job, else the pod. Where nothing names a run, nothing is told.
"""

import atexit
import contextlib
import importlib
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import TrimtabError
from trimtab.client.api import Client
from trimtab.client.progress_wire import MarkName, ProgressMark, ReportProgress, TrainingWorkload
from trimtab.client.runs import Runs
from trimtab.settings import launched, load

PACE_S = 5.0
"""Between two posts, and two steps that are told: a page is looked at more rarely."""
MOST_WAITING = 2000
_AT_EXIT_S = 3.0
_SEND_S = 2.0

Send = Callable[[ReportProgress], object]


class Teller:
    """Tells of one run. `send` posts; it may raise, block or fail: only the thread that sends notices."""

    def __init__(self, send: Send | None, job: str, cluster: str, clock: Clock | None = None) -> None:
        self._send, self._job, self._cluster = send, job, cluster
        self._clock = clock or SystemClock()
        self._waiting: queue.Queue[ProgressMark] = queue.Queue(MOST_WAITING)
        self._workload = TrainingWorkload()
        self._told_s = float("-inf")
        self._stop = threading.Event()

    @classmethod
    def of_environment(cls) -> "Teller":
        """The teller of this process's run, its thread started; one that is silent where there is nothing to tell."""
        try:
            settings, process = load(), launched()
            if not process.job or process.rank:
                return cls(None, "", "")
            url = settings.url or "http://127.0.0.1:4750"
            runs = Runs(Client(url, settings.token, timeout_s=_SEND_S))
        except (TrimtabError, OSError, ValueError):
            return cls(None, "", "")
        teller = cls(runs.tell, process.job, process.cluster)
        thread = threading.Thread(target=teller.run, name="trimtab progress", daemon=True)
        thread.start()
        atexit.register(teller.end, thread)
        return teller

    def tell(self, kind: MarkName, **values: Any) -> None:
        """Say something; never waits and never raises."""
        with contextlib.suppress(Exception):
            told = {name: value for name, value in values.items() if value is not None}
            if self._send is not None:
                self._waiting.put_nowait(ProgressMark(self._clock.now_ms(), kind, **told))

    def step(self, *, now: bool = False, **values: Any) -> None:
        """Say how far it is: at most once in `PACE_S` seconds, unless it must be `now`."""
        at_s = self._clock.monotonic()
        if now or at_s - self._told_s >= PACE_S:
            self._told_s = at_s
            self.tell("step", **values)

    def about(self, **values: Any) -> None:
        """Say what is trained."""
        with contextlib.suppress(Exception):
            self._workload = TrainingWorkload(**values)

    def flush(self) -> None:
        """Send what waits; what cannot be sent is gone."""
        marks: list[ProgressMark] = []
        with contextlib.suppress(queue.Empty):
            while True:
                marks.append(self._waiting.get_nowait())
        if marks and self._send is not None:
            with contextlib.suppress(Exception):
                report = ReportProgress(self._job, marks, self._cluster, self._workload)
                self._send(report)

    def run(self) -> None:
        """Send, until it ends."""
        while not self._stop.wait(PACE_S):
            self.flush()
        self.flush()

    def end(self, thread: threading.Thread) -> None:
        """Send the last, for some seconds at most."""
        self._stop.set()
        thread.join(_AT_EXIT_S)


def lightning_progress(teller: Teller | None = None) -> Any:
    """A callback for a Lightning Trainer. Raises ImportError where Lightning is not installed."""
    told = teller or Teller.of_environment()

    def train(_: Any, trainer: Any, module: Any) -> None:
        told.about(parameters=float(sum(one.numel() for one in module.parameters())))
        told.tell("train", step=trainer.global_step)

    hooks: dict[str, Callable[..., object]] = {
        "on_fit_start": lambda *_: told.tell("start"),
        "on_train_start": train,
        "on_train_batch_end": lambda _, trainer, *__: told.step(step=trainer.global_step, epoch=trainer.current_epoch),
        "on_validation_start": lambda _, trainer, __: told.tell("start" if trainer.sanity_checking else "evaluate"),
        "on_validation_end": lambda _, trainer, __: told.tell("start" if trainer.sanity_checking else "train"),
        "on_save_checkpoint": lambda _, trainer, *__: told.tell("saved", step=trainer.global_step),
        "on_train_end": lambda _, trainer, __: told.tell("end", step=trainer.global_step),
    }
    return _made(_base("Callback", "lightning.pytorch", "pytorch_lightning"), hooks)


def hugging_face_progress(teller: Teller | None = None) -> Any:
    """A callback for a Hugging Face Trainer. Raises ImportError where transformers is not installed."""
    told = teller or Teller.of_environment()

    def begin(_: Any, args: Any, state: Any, *__: Any, model: Any = None, **___: Any) -> None:
        batch = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        told.about(parameters=float(model.num_parameters() if model else 0), batch=batch, total_steps=state.max_steps)
        told.tell("loaded" if state.global_step else "step", step=state.global_step)

    def step(_: Any, __: Any, state: Any, control: Any, **___: Any) -> None:
        last = state.log_history[-1] if state.log_history else {}
        must = control.should_evaluate or control.should_save
        told.step(now=must, step=state.global_step, epoch=state.epoch, loss=last.get("loss"))

    hooks: dict[str, Callable[..., object]] = {
        "on_train_begin": begin,
        "on_step_end": step,
        "on_evaluate": lambda *_, metrics=None, **__: told.tell("score", score=(metrics or {}).get("eval_loss")),
        "on_save": lambda _, __, state, *___, **____: told.tell("saved", step=state.global_step),
        "on_train_end": lambda _, __, state, *___, **____: told.tell("end", step=state.global_step),
    }
    return _made(_base("TrainerCallback", "transformers"), hooks)


def _made(base: Any, hooks: Mapping[str, Callable[..., object]]) -> Any:
    """A callback of these hooks: whatever a hook meets (a trainer of another version) fails nothing."""

    def quiet(hook: Callable[..., object]) -> Callable[..., None]:
        def call(*given: Any, **named: Any) -> None:
            with contextlib.suppress(Exception):
                hook(*given, **named)

        return call

    return type("TrimtabProgress", (base,), {name: quiet(hook) for name, hook in hooks.items()})()


def _base(name: str, *modules: str) -> Any:
    """The class of that name in the first module that is installed. Raises ImportError."""
    for module in modules[:-1]:
        with contextlib.suppress(ImportError):
            return getattr(importlib.import_module(module), name)
    return getattr(importlib.import_module(modules[-1]), name)
