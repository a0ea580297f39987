"""What schedulers took out of use is one loss of a node and a cause, however often and for whatever reasons."""

import numpy as np

from trimtab.advice.gather.gpus import drains_of
from trimtab.fleet.frame import Frame
from trimtab.fleet.model import PARTS, MachineKey, State
from trimtab.fleet.money import MachineFacts

DAY = 86_400_000
N1, N2 = (MachineKey("acct", cluster, "n1").path for cluster in ("a", "b"))
REASONS = ["", "drained: gpu fault", "drained: not responding", "failed", "silent"]


def frame(*rows: tuple[int, int, State, int, int]) -> Frame:
    """Rows of (day, place of the machine, state, place of the reason, hours)."""
    day, machine, state, reason, hours = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    nothing, unknown = np.zeros(len(rows), np.int64), np.zeros(len(rows))
    facts = {path: MachineFacts(8, "H100", "p5", "", ()) for path in (N1, N2)}
    return Frame(
        start_ms=DAY + 5, end_ms=9 * DAY, bucket=day * DAY, day=day, machine=machine, state=state, reason=reason,
        holder=nothing, team=nothing, amount=hours * PARTS * 3_600_000, active=unknown, known=unknown, stray=unknown,
        assumed=nothing, machines=[N1, N2], reasons=REASONS, holders=[""], teams=[""], facts=facts,
    )  # fmt: skip


def test_a_node_that_was_drained_for_two_reasons_is_one_loss() -> None:
    (loss,) = drains_of(frame((1, 0, State.DOWN, 1, 3), (2, 0, State.DOWN, 2, 4), (2, 0, State.DOWN, 1, 1)), {})
    assert ("n1", "a", "drained", 8.0, 8, "gpu fault; not responding", "acct") == (
        loss.node, loss.provider, loss.cause, loss.gpu_hours, loss.gpus, loss.detail, loss.account,
    )  # fmt: skip
    assert (DAY + 5, 3 * DAY) == (loss.first_ms, loss.last_ms)


def test_causes_and_clusters_are_apart_and_what_only_fell_silent_is_none() -> None:
    rows = (1, 0, State.DOWN, 1, 3), (1, 0, State.DOWN, 3, 2), (1, 1, State.DOWN, 1, 5), (1, 1, State.DOWN, 4, 7)
    found = {(one.provider, one.cause): one.gpu_hours for one in drains_of(frame(*rows, (1, 0, State.FREE, 0, 9)), {})}
    assert {("a", "drained"): 3.0, ("a", "failed"): 2.0, ("b", "drained"): 5.0} == found


def test_two_clusters_of_one_provider_with_nodes_of_one_name_are_added() -> None:
    (loss,) = drains_of(frame((1, 0, State.DOWN, 1, 3), (1, 1, State.DOWN, 2, 5)), {"n1": "coreweave"})
    assert ("coreweave", 8.0, 16) == (loss.provider, loss.gpu_hours, loss.gpus)
