"""GPUs and machines for which NVIDIA asks for a reset or restart, and which nobody has reset since."""

from trimtab.advice.check import Check, Example, Examples, Want
from trimtab.advice.examples import given, gpu
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.gpu_actions import due, proposal
from trimtab.fleet.health.rules import ActionKind

CHECK = Check(
    id="trimtab-gpu-reset-due",
    name="GPUs That Wait for a Reset or Restart",
    pillar=Pillar.FAULT_TOLERANCE,
    about="After some faults a GPU works again only once it is reset, or its machine is restarted; what is started "
    "there before that fails.",
    alert="a fault of the last 7 days asks for a reset of the GPU or a restart of its machine, and the ledger shows no "
    "time since in which it was down",
    source="https://docs.nvidia.com/deploy/xid-errors/index.html",
    judge=due(ActionKind.RESET, ActionKind.DRAIN),
    wants=frozenset({Want.ACTIONS, Want.GPUS}),
    effort=Effort.LOW,
    status=Status.ERROR,
    restart=True,
    fix="{command}",
    examples=Examples(
        Example(
            "a double-bit error on GPU 3",
            given(gpu_actions=(proposal(ActionKind.RESET, "gpu-07", "XID 48 on GPU 3", device=3, spared=8.0),)),
            ("gpu-07",),
        ),
        Example("a part that is broken", given(gpu_actions=(proposal(ActionKind.RMA, "gpu-08", "row remapping"),))),
        Example(
            "its GPUs tell of no errors",
            given(gpus=(gpu("GPU-9", [0.5] * 288, errors_told=False),)),
            (),
            ("gpu-node-1",),
        ),
    ),
)
