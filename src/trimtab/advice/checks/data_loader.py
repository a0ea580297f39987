"""Runs whose GPUs wait for their data loader, and loaders that their own program warns of."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import ACCOUNT, given
from trimtab.advice.facts import Facts, ProgramFault, RunHours, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Effort, Evidence, Pillar
from trimtab.gpu_faults.program_lines import OF_LOADERS, Trouble

_DAYS = 2
"""Days of the hours of runs."""
REMEDIES: Mapping[str, str] = {
    Trouble.WORKER_DIED: "a worker died, most often of memory: give the container more shared memory (--shm-size, an "
    "emptyDir of medium Memory), or use fewer workers",
    Trouble.LOADER_LATE: "the loader timed out: storage is too slow or hangs; stage the data on local disks",
    Trouble.MANY_WORKERS: "ask the scheduler for as many CPUs a GPU as there are workers, or use fewer workers",
    Trouble.FEW_WORKERS: "use more loader workers, with persistent_workers and pin_memory",
}
_STARVED = (
    "more loader workers (num_workers, prefetch_factor, persistent_workers), data in large files on local disks, "
    "decoding on the GPU (DALI), and copies beside compute (pin_memory, non_blocking)"
)


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    warned: dict[str, list[ProgramFault]] = defaultdict(list)
    for one in facts.program_faults:
        if one.kind in OF_LOADERS:
            warned[one.job].append(one)
    for run in facts.run_hours:
        yield _of_run(run, warned.pop(run.job, []), knobs)
    for job, many in warned.items():  # of jobs that no scheduler tells of
        run = RunHours(job or "unknown", "", "", "", many[0].account, 0.0, 0.0, 0.0)
        yield _found(run, many, 0.0)


def _of_run(run: RunHours, warned: Sequence[ProgramFault], knobs: Knobs) -> Outcome:
    share = run.starved / run.held if run.held else 0.0
    if share * 100 >= knobs["share"] and run.starved >= knobs["hours"]:
        return _found(run, warned, share)
    if warned and any(one.kind in (Trouble.WORKER_DIED, Trouble.LOADER_LATE) for one in warned):
        return _found(run, warned, share)
    if not run.known and not warned:
        return Unsure(_thing(run), "too few signals of its GPUs tell what they did")
    return Fine(_thing(run))


def _found(run: RunHours, warned: Sequence[ProgramFault], share: float) -> Found:
    evidence = [Evidence(f"{one.kind} {one.detail}".strip(), f"{one.lines:,} lines in 7 days") for one in warned]
    if run.starved:
        page = f"/runs/{run.cluster}/{run.job}"
        said = f"{run.starved:,.1f} of {run.held:,.1f} GPU-hours in {_DAYS} days"
        evidence.insert(0, Evidence("starved of input", said, page))
        text = f"{share:.0%} of its GPU-hours wait for input"
    else:
        text = ", ".join(dict.fromkeys(one.kind for one in warned))
    remedy = next((words for kind, words in REMEDIES.items() if any(one.kind == kind for one in warned)), _STARVED)
    hours = run.starved * HOURS_A_MONTH / (_DAYS * 24)
    words = {"job": run.job, "remedy": remedy}
    return Found(_thing(run), text, tuple(evidence), 0.8 if share else 0.6, gpu_hours=hours, words=words)


def _thing(run: RunHours) -> Thing:
    path = f"local/{run.account}//run/{run.job}"
    return Thing(path, "run", run.job, run.name, "", run.account, owner=run.owner, provider="local")


def _run(job: str, starved: float, known: float = 100.0) -> RunHours:
    return RunHours(job, "augment", "atlas", "research", ACCOUNT, 100.0, known, starved)


CHECK = Check(
    id="trimtab-data-loader",
    name="GPUs That Wait for Input",
    pillar=Pillar.PERFORMANCE,
    about="GPUs that wait for their data loader are held and paid in full. Their activity is low and steady while data "
    "comes from the host; the program's own lines say whether workers are too few, too many, or died.",
    alert="in two days 20 % of a run's GPU-hours (five at least) were starved of input, or its loader's workers died",
    source="https://docs.pytorch.org/docs/stable/data.html",
    settings=(
        Setting("share", 20, "%", "of the GPU-hours held", "a fifth is worth a day of somebody's work"),
        Setting("hours", 5, "GPU-hours", "starved", "less is not worth a look"),
    ),
    judge=_judge,
    wants=frozenset({Want.LINES, Want.PHASES}),
    effort=Effort.MEDIUM,
    fix="trimtab runs show {job}  # {remedy}",
    examples=Examples(
        Example("a run that waits most of its time", given(run_hours=(_run("48213", 80.0),)), ("48213",)),
        Example("one that hardly waits", given(run_hours=(_run("48214", 4.0),))),
        Example("nothing tells", given(run_hours=(_run("48215", 0.0, 0.0),)), (), ("48215",)),
    ),
)
