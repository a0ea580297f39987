import pytest

from trimtab.jobfiles.model import Ask
from trimtab.jobfiles.read import read


def _asked(*directives: str, body: str = "srun train.py") -> Ask:
    lines = ["#!/bin/bash", *(f"#SBATCH {one}" for one in directives), "", body]
    return read("\n".join(lines) + "\n", "train.sbatch").asks[0]


@pytest.mark.parametrize(
    ("directives", "gpus", "gpu_type", "nodes"),
    [
        (("--nodes=2", "--gres=gpu:8"), 16, "", 2),
        (("-N 2", "--gres gpu:a100:4(S:0)"), 8, "a100", 2),
        (("-N2", "--gres=gpu"), 2, "", 2),
        (("--gres=lustre:1,gpu:h100:2",), 2, "h100", 1),
        (("--gres=gpu:1g.10gb:7",), 1, "1g.10gb", 1),
        (("--gpus=h100:8",), 8, "h100", 1),
        (("-G 4",), 4, "", 1),
        (("-G4", "--nodes=2"), 4, "", 2),
        (("--gpus-per-node=v100:4", "--nodes=3"), 12, "v100", 3),
        (("--gpus-per-task=1", "--ntasks=6"), 6, "", 1),
        (("--gpus-per-task=1", "--nodes=2", "--ntasks-per-node=4"), 8, "", 2),
        (("--gpus-per-socket=2", "--sockets-per-node=2", "--nodes=2"), 8, "", 2),
        (("--tres-per-task=cpu:4,gres/gpu:2", "-n 3"), 6, "", 1),
        (("--tres-per-node=gres/gpu:a100:2", "-N 2"), 4, "a100", 2),
        (("--ntasks=16", "--ntasks-per-node=8", "--gpus-per-node=8"), 16, "", 2),
        (("--nodes=4-8", "--gres=gpu:1"), 4, "", 4),
        (("--gres=gpu:2", "--constraint=h100&ib"), 2, "h100", 1),
        (("--nodes=2 --gres=gpu:8 # two machines",), 16, "", 2),
        (("--gres=gpu:1", "--gres=gpu:4"), 4, "", 1),
    ],
)
def test_gpus_are_counted_in_every_way_that_sbatch_knows(directives, gpus, gpu_type, nodes):
    ask = _asked(*directives)
    assert (gpus, gpu_type, nodes) == (pytest.approx(ask.gpus), ask.groups[0].hardware.gpu_type, ask.replicas)


def test_several_types_are_told_apart():
    ask = _asked("--nodes=2", "--gpus-per-node=h100:4,a100:2")
    assert {("h100", 8.0), ("a100", 4.0)} == {(one.hardware.gpu_type, one.gpus) for one in ask.groups}


@pytest.mark.parametrize(
    ("directives", "why"),
    [
        (("--nodes=4", "--exclusive"), "whole nodes"),
        (("--ntasks-per-node=1",), "names no GPUs"),
        (("--gpus-per-socket=2",), "by socket"),
        (("--nodes=$N", "--gres=gpu:8"), "placeholder"),
        (("--gres=gpu:$GPUS",), "placeholder"),
    ],
)
def test_what_a_script_does_not_tell_is_unknown_and_says_why(directives, why):
    ask = _asked(*directives)
    assert ask.gpus is None
    assert why in ask.why_unknown


def test_what_a_script_sets_for_itself_is_told_and_not_counted():
    ask = _asked("--exclusive", body="export GPUS_PER_NODE=8\nsrun train.py")
    assert (None, 8) == (ask.gpus, ask.facts["gpus_per_node_variable"])


def test_directives_count_until_the_first_command():
    ask = _asked("--gres=gpu:2", body="srun a\n#SBATCH --gres=gpu:8")
    assert 2 == ask.gpus


def test_a_comment_of_two_signs_is_no_directive():
    assert 1 == read("#!/bin/bash\n##SBATCH --gres=gpu:8\n#SBATCH --gres=gpu:1\n", "a.sh").asks[0].gpus


def test_a_heterogeneous_job_is_the_sum_of_its_components():
    ask = _asked("--nodes=1", "--gres=gpu:a100:2", "hetjob", "--nodes=3", "--gres=gpu:h100:8")
    assert (26, 4) == (ask.gpus, ask.replicas)
    assert ["component 0", "component 1"] == [one.name for one in ask.groups]


@pytest.mark.parametrize(
    ("array", "tasks", "together"),
    [("0-31", 32, 32), ("0-31%8", 32, 8), ("1,3,7", 3, 3), ("0-9:2", 5, 5), ("1-4,10%2", 5, 2), ("$X", 1, 1)],
)
def test_an_array_is_many_tasks_of_which_some_run_together(array, tasks, together):
    ask = _asked("--gres=gpu:1", f"--array={array}")
    assert (tasks, together) == (ask.tasks, ask.together)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 1800),
        ("30:15", 1815),
        ("04:00:00", 14_400),
        ("1-12", 129_600),
        ("2-00:30", 174_600),
        ("1-01:02:03", 90_123),
        ("UNLIMITED", None),
        ("0", None),
    ],
)
def test_time_limits(text, seconds):
    assert seconds == _asked("--gres=gpu:1", f"--time={text}").seconds


def test_who_asks_and_where():
    ask = _asked("-A vision", "-p gpu-long", "-M alps", "-J llama", "--gres=gpu:1")
    assert ("vision", "gpu-long", "alps", "llama") == (ask.team, ask.queue, ask.cluster, ask.name)


def test_a_quote_that_is_not_closed_does_no_harm():
    assert 2 == _asked("--comment='it", "--gres=gpu:2").gpus
