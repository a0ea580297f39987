"""GPUs that a job asked for by the words of its submission: `sbatch --gpus h100:8 …`."""

import shlex

from trimtab.sources.slurm.gres import Gpus, of_gres

_COUNTS = {"--gpus": "job", "-G": "job", "--gpus-per-node": "node", "--gpus-per-task": "task"}
"""Options with a number of GPUs, and of what (sbatch(1))."""
_TASKS, _GRES = ("--ntasks", "-n"), "--gres"


def asked_by(line: str, nodes: int) -> Gpus:
    """GPUs of all nodes; none where the line names none, or by socket, which it does not tell."""
    options = _options(line)
    for option, of in _COUNTS.items():
        if option not in options:
            continue
        one = of_gres(f"gpu:{options[option]}")
        tasks = next((options[name] for name in _TASKS if options.get(name, "").isdecimal()), "1")
        times = {"node": max(nodes, 1), "task": int(tasks)}.get(of, 1)
        return Gpus(one.count * times, one.type)
    one = of_gres(options.get(_GRES))
    return Gpus(one.count * max(nodes, 1), one.type)


def _options(line: str) -> dict[str, str]:
    """Options with their values, `--name value` and `--name=value`; the first of a repeated one."""
    try:
        words = shlex.split(line)
    except ValueError:  # a quote that is not closed
        words = line.split()
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        name, mark, value = word.partition("=")
        if not name.startswith("-"):
            continue
        if not mark and name[:2] in ("-G", "-n") and len(name) > 2 and not name.startswith("--"):
            name, value = name[:2], name[2:]
        elif not mark:
            value = words[place + 1] if place + 1 < len(words) else ""
        found.setdefault(name, value)
    return found
