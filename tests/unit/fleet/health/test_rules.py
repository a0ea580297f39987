"""When rules fire, what is due now, what it would have saved, and that no decision knows the future."""

import pytest
from tests.unit.fleet.health.cluster import at, down, fault, held, history, path, rates, run

from trimtab.base.records import replace
from trimtab.fleet.health.actions import command_of, proposals_of
from trimtab.fleet.health.fault import FaultKind
from trimtab.fleet.health.replay import OUT, replayed
from trimtab.fleet.health.rules import ActionKind, Due, History, due_within, rankings_at
from trimtab.fleet.health.spans import Span
from trimtab.inventory.runs.model import Run

NODES = [f"n{number}" for number in range(20)]
SLURM = {("1", "c"): "slurm"}


def bad_node(every_h: float = 30, count: int = 12) -> tuple[list[Span], list[Run], list[float]]:
    """Runs of one GPU of n0, each of which fails after 20 hours."""
    begins = [every_h * number for number in range(count)]
    jobs = [str(number) for number in range(count)]
    spans = [held("n0", 0, begin, begin + 20, job) for begin, job in zip(begins, jobs, strict=True)]
    runs = [run(job, begin, begin + 20) for begin, job in zip(begins, jobs, strict=True)]
    return spans, runs, [begin + 19.99 for begin in begins]


def lemon() -> History:
    spans, runs, ends = bad_node()
    return history([fault("n0", 0, end, 48) for end in ends], spans, runs, NODES)


def fired(of: History, kind: ActionKind) -> list[int]:
    return [one.at_ms for one in due_within(of) if one.kind is kind]


def test_a_node_that_fails_again_and_again_is_cordoned_and_saves_the_runs_that_begin_later() -> None:
    whole = lemon()
    due = due_within(whole)
    saved = replayed(whole, due, rates(*NODES))[ActionKind.CORDON, path("n0")]
    first = saved.taken_ms[0]
    assert path("n0") in rankings_at(whole, whole.until_ms).lemons
    week_ms = round(OUT[ActionKind.CORDON].days * 86_400_000)
    begun = [one.impact.began_ms or 0 for one in saved.spared]
    assert begun
    assert all(one >= first for one in begun)
    assert all(
        any(taken < one.impact.fault.since_ms <= taken + week_ms for taken in saved.taken_ms) for one in saved.spared
    )
    assert pytest.approx(20 * len(begun)) == saved.at_most.gpu_hours
    assert (0, False) == (saved.lost.gpu_hours, saved.net_gpu_hours > 0)
    assert saved.out.gpu_hours >= saved.at_most.gpu_hours  # what ran there would not have


def test_a_run_that_was_there_already_is_not_spared() -> None:
    spans = [held("n0", 0, 0, 120, "a"), *(held(node, 0, 0, 700, node) for node in NODES[1:])]
    faults = [fault("n0", 1, hours, 48) for hours in (10, 20, 30, 40, 50)] + [fault("n0", 0, 119.99, 48)]
    whole = history(faults, spans, [run("a", 0, 120)], NODES)
    saved = replayed(whole, due_within(whole), rates(*NODES))[ActionKind.CORDON, path("n0")]
    assert at(120) < saved.taken_ms[0] + 7 * 24 * 3_600_000
    assert () == saved.spared


def test_no_rule_fires_for_one_fault_but_what_the_catalogue_asks_for() -> None:
    whole = history([fault("n0", 0, 5)], [held("n0", 0, 0, 5)], [run()], NODES)
    (one,) = due_within(whole)
    assert (ActionKind.DRAIN, None, at(5)) == (one.kind, one.device, one.at_ms)
    reset = history([fault("n0", 3, 5, 48)], [], [], NODES)
    assert [(ActionKind.RESET, 3)] == [(one.kind, one.device) for one in due_within(reset)]


@pytest.mark.parametrize("hours", [5, 60, 100, 155, 230, 300, 400])
def test_the_replay_never_uses_the_future(hours: float) -> None:
    spans, runs, ends = bad_node()
    spans += [down("n0", 0, 90, 95), held("n3", 0, 0, 700, "z")]
    faults = [fault("n0", 0, end, 48) for end in ends] + [fault("n3", 0, 250, 79), fault("n2", 0, 120, 63)]
    whole = history(faults, spans, runs, NODES)
    cut_ms = at(hours)
    past = replace(
        whole,
        faults=[one for one in whole.faults if one.at_ms <= cut_ms],
        harms=[one for one in whole.harms if (one.impact.ended_ms or one.impact.fault.at_ms) <= cut_ms],
        exposure=replace(
            whole.exposure,
            days={
                name: {day: amount for day, amount in days.items() if day <= cut_ms // 86_400_000}
                for name, days in whole.exposure.days.items()
            },
        ),
        until_ms=cut_ms,
    )
    assert [one for one in due_within(whole) if one.at_ms <= cut_ms] == due_within(past)


def test_a_gpu_goes_back_after_hardware_failed_again_each_time_it_had_worked_again() -> None:
    spans = [held("n0", 0, begin, begin + 5, str(begin)) for begin in (0, 10, 20)]
    faults = [fault("n0", 0, hours, 95) for hours in (4.9, 14.9, 24.9)]
    whole = history(faults, spans, [], NODES)
    assert [at(24.9)] == fired(whole, ActionKind.RMA)
    assert [] == fired(replace(whole, faults=faults[:2]), ActionKind.RMA)
    still = history(faults, spans[:1], [], NODES)  # it never worked again: one fault that is told again
    assert [] == fired(still, ActionKind.RMA)
    program = history([fault("n0", 0, hours, 31) for hours in (4.9, 14.9, 24.9)], spans, [], NODES)
    assert [] == due_within(program)


def test_a_remapping_that_failed_sends_the_gpu_back_at_once() -> None:
    whole = history([fault("n0", 2, 5, None, FaultKind.ROWS_FAILED)], [], [], NODES)
    assert [(ActionKind.RMA, 2)] == [(one.kind, one.device) for one in due_within(whole)]


def test_a_reset_that_was_done_is_neither_credited_nor_proposed() -> None:
    runs = [run("a", 0, 5), run("b", 6, 9)]
    spans = [held("n0", 0, 0, 5, "a"), held("n0", 0, 6, 9, "b")]
    faults = [fault("n0", 0, 4.99, 48), fault("n0", 0, 8.99, 48)]
    left = history(faults, spans, runs, NODES, days=1)
    saved = replayed(left, due_within(left), rates("n0"))[ActionKind.RESET, path("n0")]
    assert ["b"] == [one.impact.holder.rpartition("/")[2] for one in saved.spared]
    assert pytest.approx(1 / 6) == saved.out.gpu_hours
    assert [ActionKind.RESET] == [one.kind for one in proposals_of(left, rates("n0"), SLURM)]
    done = history(faults, [*spans, down("n0", 0, 5.1, 5.9), down("n0", 0, 9.1, 10)], runs, NODES, days=1)
    assert () == replayed(done, due_within(done), rates("n0"))[ActionKind.RESET, path("n0")].spared
    assert [] == proposals_of(done, rates("n0"), SLURM)


def test_a_lemon_is_proposed_to_be_cordoned_unless_it_is_out_already() -> None:
    whole = lemon()
    (one,) = [one for one in proposals_of(whole, rates(*NODES), SLURM) if one.kind is ActionKind.CORDON]
    assert "times the fleet's rate" in one.why
    assert one.command.startswith("scontrol update nodename=n0 state=drain reason='12 incidents that ended runs")
    spans, runs, ends = bad_node()
    out = history([fault("n0", 0, end, 48) for end in ends], [*spans, down("n0", 0, 500, 720)], runs, NODES)
    assert [] == [one for one in proposals_of(out, rates(*NODES), SLURM) if one.kind is ActionKind.CORDON]


@pytest.mark.parametrize(
    ("kind", "scheduler", "words"),
    [
        (ActionKind.CORDON, "kubernetes", "kubectl cordon n0"),
        (ActionKind.DRAIN, "kubernetes", "kubectl drain n0 --ignore-daemonsets"),
        (ActionKind.DRAIN, "slurm", "scontrol reboot ASAP nextstate=RESUME reason='XID 48 on GPU 3' n0"),
        (ActionKind.RESET, "slurm", "nvidia-smi --gpu-reset -i 3"),
        (ActionKind.RESET, "", "ssh n0 sudo nvidia-smi --gpu-reset -i 3"),
        (ActionKind.RMA, "mlperf", "ssh n0 'nvidia-bug-report.sh"),
        (ActionKind.CORDON, "", "start nothing new on n0"),
    ],
)
def test_the_command_is_that_of_the_scheduler(kind: ActionKind, scheduler: str, words: str) -> None:
    told = fault("n0", 3, 5, 48)
    assert words in command_of(Due(kind, path("n0"), 3, at(5), "XID 48 on GPU 3: it's ECC", told), scheduler)
