"""GPUs that failed again each time after they had been reset: the part goes back."""

from trimtab.advice.check import Check, Example, Examples, Want
from trimtab.advice.examples import given, gpu
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.gpu_actions import due, proposal
from trimtab.fleet.health.rules import ActionKind

_WHY = "3 × XID 95 on GPU 5 within 30 days, each after it had worked again"

CHECK = Check(
    id="trimtab-gpu-rma",
    name="GPUs That Should Go Back",
    pillar=Pillar.FAULT_TOLERANCE,
    about="NVIDIA asks to reset a GPU after a fault of its hardware and to send back what fails again; a row that "
    "could not be remapped is reason enough. Its field diagnostic and bug report go with the claim.",
    alert="remapping of rows failed, or one GPU had three faults of hardware in 30 days, each after it had worked "
    "again",
    source="https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/index.html",
    judge=due(ActionKind.RMA),
    wants=frozenset({Want.ACTIONS, Want.GPUS}),
    effort=Effort.MEDIUM,
    status=Status.ERROR,
    restart=True,
    fix="{command}",
    examples=Examples(
        Example(
            "the third uncontained error of a GPU in a month",
            given(gpu_actions=(proposal(ActionKind.RMA, "gpu-07", _WHY, device=5, spared=40.0),)),
            ("gpu-07",),
        ),
        Example("its first", given(gpu_actions=(proposal(ActionKind.RESET, "gpu-08", "XID 95 on GPU 5", device=5),))),
        Example(
            "its GPUs tell of no errors",
            given(gpus=(gpu("GPU-9", [0.5] * 288, errors_told=False),)),
            (),
            ("gpu-node-1",),
        ),
    ),
)
