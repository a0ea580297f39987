"""GPUs that options of sbatch ask for, in all the ways that they can (sbatch(1), SLURM 24.11).

    of the job     --gpus, -G, --tres-per-job          of a node    --gpus-per-node, --gres, --tres-per-node
    of a task      --gpus-per-task, --tres-per-task    of a socket  --gpus-per-socket, --tres-per-socket

The first of them that is there counts: those of the job, then of a node, of a task, of a socket.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.sources.slurm.gres import Gpus, of_gres

_SHORT = {
    "-A": "account", "-a": "array", "-B": "extra-node-info", "-b": "begin", "-C": "constraint", "-c": "cpus-per-task",
    "-D": "chdir", "-d": "dependency", "-e": "error", "-F": "nodefile", "-G": "gpus", "-H": "hold", "-h": "help",
    "-I": "immediate", "-i": "input", "-J": "job-name", "-k": "no-kill", "-L": "licenses", "-M": "clusters",
    "-m": "distribution", "-N": "nodes", "-n": "ntasks", "-O": "overcommit", "-o": "output", "-p": "partition",
    "-q": "qos", "-Q": "quiet", "-S": "core-spec", "-s": "oversubscribe", "-t": "time", "-u": "usage",
    "-V": "version", "-v": "verbose", "-W": "wait", "-w": "nodelist", "-x": "exclude",
}  # fmt: skip
_WITHOUT_VALUE = frozenset(
    [
        "contiguous",
        "exclusive",
        "get-user-env",
        "help",
        "hold",
        "ignore-pbs",
        "immediate",
        "kill-on-invalid-dep",
        "nice",
        "no-kill",
        "no-requeue",
        "overcommit",
        "oversubscribe",
        "parsable",
        "propagate",
        "quiet",
        "requeue",
        "reboot",
        "spread-job",
        "stepmgr",
        "test-only",
        "usage",
        "use-min-nodes",
        "verbose",
        "version",
        "wait",
    ]
)
"""Long options whose value, if they have one, is written with `=`."""
_WAYS = (
    ("gpus", "job"), ("tres-per-job", "job"), ("gpus-per-node", "node"), ("tres-per-node", "node"), ("gres", "node"),
    ("gpus-per-task", "task"), ("tres-per-task", "task"), ("gpus-per-socket", "socket"), ("tres-per-socket", "socket"),
)  # fmt: skip
_COUNTED = re.compile(r"\d+|(?:[^:=,]*[A-Za-z][^:=,]*)(?:[:=]\d+)?")


class Wish(Struct, frozen=True):
    """GPUs of a job, a node, a task or a socket (`of`), and by which option; several types where several are asked."""

    option: str
    of: str
    parts: tuple[Gpus, ...]

    @property
    def count(self) -> float:
        """GPUs of all types."""
        return sum(one.count for one in self.parts)


def options_of(words: Sequence[str]) -> dict[str, str]:
    """Options by their long names, however they are written (`-N 2`, `-N2`, `--nodes=2`, `--nodes 2`); the last of a
    repeated one counts, as for sbatch. Words that are no options are passed over.
    """
    found: dict[str, str] = {}
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if word == "--" or not word.startswith("-") or len(word) < 2:
            continue
        if word.startswith("--"):
            name, mark, value = word[2:].partition("=")
        else:
            name = _SHORT.get(word[:2], "")
            value, mark = word[2:].removeprefix("="), word[2:]
        if not mark and name not in _WITHOUT_VALUE and place < len(words):
            value = words[place]
            place += 1
        if name:
            found[name] = value
    return found


def wish_of(options: Mapping[str, str]) -> Wish | None:
    """What the options ask for; None where none of them names GPUs."""
    for option, of in _WAYS:
        if option not in options:
            continue
        parts = _parts(option, options[option])
        if any(parts):
            return Wish(option, of, tuple(parts))
    return None


def total_of(wish: Wish, nodes: int, tasks: int, sockets: int | None) -> tuple[Gpus, ...] | None:
    """The same of the whole job; None where it is by socket, and the sockets of a node are not known."""
    if wish.of == "socket" and sockets is None:
        return None
    times = {"job": 1, "node": max(nodes, 1), "task": max(tasks, 1), "socket": max(nodes, 1) * (sockets or 1)}[wish.of]
    return tuple(replace(one, count=one.count * times) for one in wish.parts)


def _parts(option: str, text: str) -> list[Gpus]:
    if option.startswith("gpus"):
        return [of_gres(f"gpu:{one.strip()}") for one in text.split(",") if _COUNTED.fullmatch(one.strip())]
    parts = [one.replace("gres/gpu", "gpu").replace("=", ":") for one in _split(text)]
    return [of_gres(one) for one in parts if one.startswith("gpu")]


def _split(text: str) -> list[str]:
    """A list of resources, split at commas outside brackets."""
    return re.split(r",(?![^(]*\))", text)
