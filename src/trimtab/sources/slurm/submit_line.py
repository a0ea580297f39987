"""GPUs that a job asked for by the words of its submission: `sbatch --gpus h100:8 …`."""

import shlex

from trimtab.sources.slurm.asked import options_of, total_of, wish_of
from trimtab.sources.slurm.gres import Gpus


def asked_by(line: str, nodes: int) -> Gpus:
    """GPUs of all nodes; none where the line names none, or by socket, which it does not tell."""
    try:
        words = shlex.split(line)
    except ValueError:  # a quote that is not closed
        words = line.split()
    options = options_of(words)
    wish = wish_of(options)
    tasks = options.get("ntasks", "")
    parts = total_of(wish, nodes, int(tasks) if tasks.isdecimal() else 1, None) if wish else None
    types = {one.type for one in parts or ()}
    return Gpus(sum(one.count for one in parts or ()), types.pop() if len(types) == 1 else "")
