"""Machines that fail so much more often than the rest of the fleet that chance does not explain it."""

from trimtab.advice.check import Check, Example, Examples, Want
from trimtab.advice.examples import given, gpu
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.gpu_actions import due, proposal
from trimtab.fleet.health.rules import ActionKind

_WHY = "9 incidents that ended runs in 240 GPU-days: 2.1 to 6.0 times the fleet's rate (90 % interval)"

CHECK = Check(
    id="trimtab-gpu-lemon-node",
    name="Machines That Fail Too Often",
    pillar=Pillar.FAULT_TOLERANCE,
    about="A machine whose GPUs fail again and again ends run after run. Its rate of incidents a GPU-day has an "
    "interval (Gamma-Poisson, with the fleet's own machines as the prior); one fault in a short life is no lemon.",
    alert="the whole 90 % interval of a machine's rate of incidents, or of those that ended runs, lies above the "
    "fleet's rate",
    source="https://arxiv.org/abs/2410.21680",
    judge=due(ActionKind.CORDON),
    wants=frozenset({Want.ACTIONS, Want.GPUS}),
    effort=Effort.LOW,
    status=Status.ERROR,
    fix="{command}",
    examples=Examples(
        Example(
            "nine runs ended by one node",
            given(gpu_actions=(proposal(ActionKind.CORDON, "gpu-07", _WHY, spared=120.0),)),
            ("gpu-07",),
        ),
        Example("a node that only needs a reset", given(gpu_actions=(proposal(ActionKind.RESET, "gpu-08", "XID 48"),))),
        Example(
            "its GPUs tell of no errors",
            given(gpus=(gpu("GPU-9", [0.5] * 288, errors_told=False),)),
            (),
            ("gpu-node-1",),
        ),
    ),
)
