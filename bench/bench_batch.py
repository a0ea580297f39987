"""A batch job beside its model's own throughput, killed at random, and its output beside a sequential run's.

Run as `python bench/bench_batch.py [--records 1000000] [--kills 10] [--hidden 256] [--folder DIR]`. One skewed set of
JSON lines (about 500 bytes each, 90 % of them in one file) goes through a model in Python: JSON, a perceptron with 8
inputs and two hidden layers (`--hidden 0`: none, a logistic score), JSON.

1. *the model alone*: batches from memory (100,000 records, so that they come from there and not from a cache), nothing
   read or written, first on one core and then on all of them at once; its best batch size counts;
2. *a sequential run*: the plain loop that a person would write, which also gives the output to compare with;
3. *the job*: `trimtab batch run` with a worker for each core;
4. *the job, killed*: the same command, killed with SIGKILL at random times and started again, to the end.

CPU-seconds are compared beside wall time: on a machine that others use, only they are the program's own. `efficiency`
is the CPU-seconds a record of the model alone on all cores ÷ the job's, everything of it included (start, reading,
checkpoints, assembly); `efficiency_after_start` leaves out what a job of one record takes; `wall_efficiency` is the
job's records a second ÷ those of the model alone on all cores; `sequential_efficiency` is the plain loop's, on one
core. Of the kills, every other one hits the first process only: its workers must end themselves. The last line is
JSON.
"""

import argparse
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

MODEL = """
import msgspec
import numpy as np

class Record(msgspec.Struct):
    id: int
    x: list[float]

_dice = np.random.default_rng(0)
_SIZES = (8, HIDDEN, HIDDEN, 1) if HIDDEN else (8, 1)
_LAYERS = [_dice.normal(size=pair).astype(np.float32) / pair[0] ** 0.5 for pair in zip(_SIZES, _SIZES[1:])]
_decode = msgspec.json.Decoder(Record).decode

def predict(body):
    records = [_decode(line) for line in body.split(b"\\n")]
    values = np.array([one.x for one in records], dtype=np.float32)[:, None, :]
    for layer in _LAYERS[:-1]:
        values = np.maximum(values @ layer, 0)  # a record's own product: its neighbours change no digit of it
    scores = 1 / (1 + np.exp(-(values @ _LAYERS[-1])[:, 0, 0]))
    return b"\\n".join([b'{"id":%d,"score":%.6f}' % (one.id, score) for one, score in zip(records, scores.tolist())])
"""
BATCHES = (64, 256, 1024, 4096)
ALONE_S = 2.0  # CPU-seconds of the model alone for each batch size
HELD = 100_000  # records that it is given, over and over
FILES = 20
SHARE_OF_FIRST = 0.9


def main(records: int, kills: int, hidden: int, folder: Path, seed: int) -> None:
    """Make the input, run the four, and say what came of them."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process for each core, as the job has
    (folder / "bench_model.py").write_text(MODEL.replace("HIDDEN", str(hidden)))
    sys.path.insert(0, str(folder))
    source = folder / "in"
    size = make(source, records)
    print(f"{records:,} records in {FILES} files, {size / 1e9:.2f} GB", flush=True)
    one, _ = model_alone(folder, source, 1)
    cores = os.cpu_count() or 1
    alone, batch = model_alone(folder, source, cores)
    both = f"{one * 1e6:.2f} CPU-µs a record on one core, {alone * 1e6:.2f} on each of {cores} at once"
    print(f"the model alone: {both}, at {batch} records a call", flush=True)
    began, used = time.monotonic(), cpu()
    expected = sequential(source, folder / "sequential", batch)
    in_a_row = cpu() - used
    print(f"sequential: {in_a_row:.1f} CPU-s, {time.monotonic() - began:.1f} s", flush=True)
    (folder / "one").mkdir()
    (folder / "one" / "one.jsonl").write_bytes(next(batches(source / "part-000.jsonl", 1)) + b"\n")
    start = job(folder, folder / "one", "started", {})["cpu_s"]
    whole = job(folder, source, "whole", expected)
    print(f"the job: {whole['cpu_s']:.1f} CPU-s, {whole['wall_s']:.1f} s, equal: {whole['equal']}", flush=True)
    killed = job(folder, source, "killed", expected, kills, random.Random(seed), whole["wall_s"])
    print(f"killed {killed['kills']} times: {killed['wall_s']:.1f} s, equal: {killed['equal']}", flush=True)
    print(
        json.dumps(
            {
                "records": records,
                "gigabytes": round(size / 1e9, 3),
                "model_cpu_us": round(alone * 1e6, 3),
                "model_cpu_us_on_one_core": round(one * 1e6, 3),
                "job_cpu_us": round(whole["cpu_s"] / records * 1e6, 3),
                "sequential_cpu_us": round(in_a_row / records * 1e6, 3),
                "efficiency": round(alone * records / whole["cpu_s"], 4),
                "efficiency_after_start": round(alone * records / (whole["cpu_s"] - start), 4),
                "start_cpu_s": round(start, 2),
                "sequential_efficiency": round(one * records / in_a_row, 4),
                "wall_efficiency": round(alone * records / cores / whole["wall_s"], 4),
                "job_wall_s": round(whole["wall_s"], 1),
                "equal": whole["equal"],
                "kills": killed["kills"],
                "killed_equal": killed["equal"],
                "left_behind": whole["left"] + killed["left"],
            }
        )
    )


def make(folder: Path, records: int) -> int:
    """Write the input; its size in bytes."""
    folder.mkdir(parents=True)
    dice = random.Random(1)
    bodies = [
        b'"x":[%s],"text":"%s"}\n'
        % (b",".join(b"%.4f" % dice.gauss(0, 1) for _ in range(8)), b"word " * dice.randint(60, 104))
        for _ in range(997)
    ]
    first = round(records * SHARE_OF_FIRST)
    bounds = [0, first] + [first + (records - first) * number // (FILES - 1) for number in range(1, FILES)]
    for number in range(FILES):
        with (folder / f"part-{number:03d}.jsonl").open("wb", buffering=1 << 22) as out:
            for start in range(bounds[number], bounds[number + 1], 10_000):
                ids = range(start, min(start + 10_000, bounds[number + 1]))
                out.write(b"".join([b'{"id":%d,' % id_ + bodies[id_ % 997] for id_ in ids]))
    os.sync()  # else the kernel writes it out beside what is measured
    return sum(one.stat().st_size for one in folder.iterdir())


def batches(path: Path, records: int) -> Iterator[bytes]:
    """Lines of a file, so many at a time, joined."""
    lines: list[bytes] = []
    with path.open("rb", buffering=1 << 22) as file:
        for line in file:
            lines.append(line.rstrip(b"\n"))
            if len(lines) == records:
                yield b"\n".join(lines)
                lines = []
    if lines:
        yield b"\n".join(lines)


def model_alone(folder: Path, source: Path, cores: int) -> tuple[float, int]:
    """CPU-seconds a record of the best batch size while so many cores do the same, and that size."""
    found = {}
    with ProcessPoolExecutor(cores, get_context("spawn"), _load, (str(folder),)) as pool:
        for records in BATCHES:
            each = [one.result() for one in [pool.submit(_alone, source, records) for _ in range(cores)]]
            found[records] = sum(each) / cores
    best = min(found, key=lambda records: found[records])
    return found[best], best


def _load(folder: str) -> None:
    sys.path.insert(0, folder)


def _alone(source: Path, records: int) -> float:
    predict = __import__("bench_model").predict
    held = list(itertools.islice(batches(source / "part-000.jsonl", records), max(1, HELD // records)))
    used, done = time.process_time(), 0
    while time.process_time() - used < ALONE_S:
        for body in held:
            predict(body)
        done += len(held) * records
    return (time.process_time() - used) / done


def sequential(source: Path, target: Path, records: int) -> dict[str, str]:
    """The plain loop; digests of its output by name. The output itself is not kept."""
    predict = __import__("bench_model").predict
    target.mkdir()
    digests = {}
    for path in sorted(source.iterdir()):
        out = target / f"{path.name}.out"
        with out.open("wb", buffering=1 << 20) as file:
            for body in batches(path, records):
                file.write(predict(body) + b"\n")
        digests[out.name] = digest(out)
    shutil.rmtree(target)
    return digests


def job(
    folder: Path, source: Path, name: str, expected: dict[str, str], kills: int = 0,
    dice: random.Random | None = None, typical_s: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """The job, killed so many times on its way; CPU-seconds of all its processes, and whether its output is right."""
    target = folder / name
    command = [sys.executable, "-m", "trimtab", "batch", "run", str(source), str(target), "--model",
               "bench_model:predict", "--json"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    began, used, killed = time.monotonic(), cpu(), 0
    while True:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True)
        if killed < kills and dice is not None:
            try:
                process.communicate(timeout=dice.uniform(0.05, 2.0 * typical_s / (kills + 1)))
            except subprocess.TimeoutExpired:
                if killed % 2:
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                killed += 1
                continue
        process.communicate()
        if process.returncode:
            raise SystemExit(f"the job ended with {process.returncode}")
        break
    wall = time.monotonic() - began
    spent = cpu() - used
    found = {one.name: digest(one) for one in sorted(target.iterdir()) if one.is_file()}
    left = [one.name for one in target.iterdir() if one.name not in expected]
    shutil.rmtree(target)
    return {"cpu_s": spent, "wall_s": wall, "equal": found == expected, "kills": killed, "left": left}


def cpu() -> float:
    """CPU-seconds of this process and of those that it started and that ended."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in own)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        main(given.records, given.kills, given.hidden, Path(made), given.seed)
