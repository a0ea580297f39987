"""Template mining on a directory in LogHub's layout: `<log>/<log>_2k.log_structured.csv[.gz]`.

Run as `python bench/eval_loghub.py DIR`. The message part (column Content) goes through the product's own function
with its one configuration; the true templates are only compared with. Grouping accuracy is the share of lines whose
group has exactly the lines of the true one. `cold_lines_per_s` is of the 2,000 lines as they are, `lines_per_s` of
each log 25 times over with other digits, as a stream brings them; both of one process's CPU. `out_of_source` is the
mean, and `worst_out_of_source` the least, of what each log has by the constants that are best on all *other* logs (of
equally good ones those nearest to the product's). The last line is JSON.
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

from trimtab.logs.patterns.mask import Masker
from trimtab.logs.patterns.merge import USUAL, Generalising, templates
from trimtab.logs.patterns.mine import mine

_CHOICES = [Generalising(many, plain, shared) for many in (5, 4, 6, 8) for plain in (2, 1, 3) for shared in (3, 4)]
_CHOICES += [Generalising(many, leading=True) for many in (5, 8)]
_REPEATS = 25  # of each log for the speed: 50,000 lines


def main() -> int:
    """Evaluate every log of the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_loghub.py DIR", file=sys.stderr)
        return 2
    figures: dict[str, float] = {}
    by_choice: dict[str, list[float]] = {}
    lines, cold_s, warm_s = 0, 0.0, 0.0
    for path in sorted(Path(sys.argv[1]).rglob("*_2k.log_structured.csv*")):
        name = path.name.partition("_2k")[0]
        rows = read(path)
        messages = [row["Content"] for row in rows]
        began = time.process_time()
        found = mine(messages)
        cold_s += time.process_time() - began
        figures[name] = round(grouping_accuracy(found, [row["EventId"] for row in rows]), 4)
        by_choice[name] = chosen(messages, [row["EventId"] for row in rows])
        many = [line.translate(turned(by)) for by in range(_REPEATS) for line in messages]
        began = time.process_time()
        mine(many)
        warm_s += time.process_time() - began
        lines += len(messages)
        print(f"{name:12} {figures[name]:.4f}", flush=True)
    mean = round(sum(figures.values()) / len(figures), 4)
    speeds = {"lines_per_s": round(lines * _REPEATS / warm_s), "cold_lines_per_s": round(lines / cold_s)}
    held = out_of_source(by_choice)
    away = {"out_of_source": round(sum(held) / len(held), 4), "worst_out_of_source": round(min(held), 4)}
    print(json.dumps({"grouping_accuracy_mean": mean, **away, **speeds, **figures}))
    return 0


def chosen(messages: Sequence[str], events: Sequence[str]) -> list[float]:
    """The accuracy of a log by each choice of constants."""
    masker = Masker()
    masked = [masker.mask(message) for message in messages]
    found = []
    for choice in _CHOICES:
        by_form = templates(masked, choice)
        found.append(grouping_accuracy([by_form[form] for form in masked], events))
    return found


def out_of_source(by_choice: dict[str, list[float]]) -> list[float]:
    """What each log has by the first choice that is best on the others."""
    held = []
    for name, mine_ in by_choice.items():
        others = [scores for other, scores in by_choice.items() if other != name]
        sums = [sum(scores[at] for scores in others) for at in range(len(_CHOICES))]
        held.append(mine_[sums.index(max(sums))] if others else mine_[_CHOICES.index(USUAL)])
    return held


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
