"""A ledger of two GPUs and one run, for what is told of hours."""

from trimtab.fleet.known import Known
from trimtab.fleet.model import HOUR_MS
from trimtab.inventory.runs.model import Condition, Held, LifeStretch, NodeLife, Run, RunKey, RunState

DAY = 1_785_542_400_000  # 2026-08-01


class Facts:
    """Two GPUs that exist for two days, and one run that has one of them for three hours."""

    async def known(self, start_ms: int, end_ms: int) -> Known:
        life = NodeLife("1", "atlas", "n1", (LifeStretch(DAY, None, Condition.UP, "", 2.0, "h100", "", ""),))
        run = Run(
            RunKey("1", "atlas", "7"), "slurm", RunState.COMPLETED, DAY, team="vision", start_ms=DAY + HOUR_MS,
            end_ms=DAY + 4 * HOUR_MS, gpus=1.0, nodes=1, node_names=("n1",), held=(Held("n1", 1.0),),
        )  # fmt: skip
        return Known(start_ms, end_ms, DAY + 40 * HOUR_MS, (life,), (run,))
