"""Template mining on a directory in LogHub's layout: `<log>/<log>_2k.log_structured.csv[.gz]`.

Run as `python bench/eval_loghub.py DIR`. The message part (column Content) goes through the product's own function with
its one configuration; the true templates are only compared with. Grouping accuracy is the share of lines whose group
has exactly the lines of the true one. `cold_lines_per_s` is of the 2,000 lines as they are, `lines_per_s` of each log
25 times over with other digits, as a stream brings them; both of one process's CPU. The last line is JSON.
"""

import csv
import gzip
import io
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from trimtab.logs.patterns.mine import mine

_REPEATS = 25  # of each log for the speed: 50,000 lines


def main() -> int:
    """Evaluate every log of the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_loghub.py DIR", file=sys.stderr)
        return 2
    figures: dict[str, float] = {}
    lines, cold_s, warm_s = 0, 0.0, 0.0
    for path in sorted(Path(sys.argv[1]).rglob("*_2k.log_structured.csv*")):
        name = path.name.partition("_2k")[0]
        rows = read(path)
        messages = [row["Content"] for row in rows]
        began = time.process_time()
        found = mine(messages)
        cold_s += time.process_time() - began
        figures[name] = round(grouping_accuracy(found, [row["EventId"] for row in rows]), 4)
        many = [line.translate(turned(by)) for by in range(_REPEATS) for line in messages]
        began = time.process_time()
        mine(many)
        warm_s += time.process_time() - began
        lines += len(messages)
        print(f"{name:12} {figures[name]:.4f}", flush=True)
    mean = round(sum(figures.values()) / len(figures), 4)
    speeds = {"lines_per_s": round(lines * _REPEATS / warm_s), "cold_lines_per_s": round(lines / cold_s)}
    print(json.dumps({"grouping_accuracy_mean": mean, **speeds, **figures}))
    return 0


def turned(by: int) -> dict[int, int]:
    """A translation that makes other digits of digits."""
    return str.maketrans("0123456789", "".join(str((digit + by) % 10) for digit in range(10)))


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a structured log."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", "replace")
    return list(csv.DictReader(io.StringIO(text)))


def grouping_accuracy(found: Sequence[str], true: Sequence[str]) -> float:
    """The share of lines that are grouped exactly as they should be."""
    groups: dict[str, set[int]] = defaultdict(set)
    for place, template in enumerate(found):
        groups[template].add(place)
    expected: dict[str, set[int]] = defaultdict(set)
    for place, event in enumerate(true):
        expected[event].add(place)
    right = sum(len(lines) for lines in expected.values() if groups[found[min(lines)]] == lines)
    return right / len(true)


if __name__ == "__main__":
    sys.exit(main())
