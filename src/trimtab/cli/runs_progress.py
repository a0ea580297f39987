"""`trimtab runs import-mlperf` and `energy`, and the progress of a run as `runs show` prints it."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import click
from msgspec import Struct

from trimtab.base.coins import sums
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, length_of, print_json, print_table, remark
from trimtab.client import progress_wire as wire
from trimtab.client.runs import Runs

MARKER = ":::MLLOG"
_SUFFIXES = (".txt", ".log", ".out", ".txt.gz", ".log.gz", ".out.gz")
_NONE = "–"


def rows_of(found: wire.RunProgress) -> list[tuple[str, str]]:
    """The progress of a run as lines of a table; one line with the reason where nobody told of it."""
    energy = ("energy", _figure(found.kwh, "{:,.3f} kWh"))
    ranks = [("ranks", pace_words(found.pace))] if found.pace is not None else []
    course = found.course
    if course is None:
        return [("progress", f"unknown: {found.goodput.how}"), *ranks, energy]
    step = _NONE if course.step is None else f"{course.step:,}"
    if course.total_steps:
        step += f" of {course.total_steps:,}"
    parts = [
        f"step {step}",
        *([f"epoch {course.epoch:.2f}"] if course.epoch is not None else []),
        *([f"loss {course.loss:.4g}"] if course.loss is not None else []),
        f"by {', '.join(found.sources)}",
    ]
    saved = f", {course.unsaved_steps:,} steps since the last" if course.unsaved_steps is not None else ""
    phases = [f"{name} {length_of(seconds)}" for name, seconds in course.seconds.items() if seconds >= 1]
    return [
        ("progress", ", ".join(parts)),
        ("step time", _figure(found.step_s, "{:,.3g} s")),
        ("tokens/s", _figure(found.tokens_per_s, "{:,.0f}")),
        ("samples/s", _figure(found.samples_per_s, "{:,.3g}")),
        ("MFU", _figure(found.mfu, "{:.1%}")),
        ("goodput", _figure(found.goodput, "{:.1%}")),
        ("time", ", ".join(phases) or _NONE),
        ("evaluations", f"{course.evaluations}" + (f", last {course.score:.4g}" if course.score is not None else "")),
        ("checkpoints", f"{course.checkpoints}{saved}"),
        ("restarts", f"{course.restarts}, {course.lost_steps:,} steps lost"),
        *ranks,
        energy,
    ]


def pace_words(found: wire.RunPace) -> str:
    """Which rank slows a run, where it is, and what that costs; why nothing can be said else."""
    if found.slow is None:
        return found.words
    where = f" (on {found.node})" if found.node else ""
    cost = sums(found.amounts)
    return f"{found.words}{where}: {found.gpu_hours:,.1f} GPU-hours" + (f", {cost}" if cost else "")


def _figure(one: wire.KnownFigure, form: str) -> str:
    return f"unknown: {one.how}" if one.value is None else f"{form.format(one.value)}: {one.how}"


@click.command("import-mlperf")
@click.argument("places", metavar="FILE|DIR…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--cluster", default="mlperf", show_default=True, help="The cluster that the runs are listed under.")
@click.option("--accelerator", default="", help="Its name, where no systems/*.json tells it: H100, MI300X.")
@click.option(
    "--accelerators", type=click.FloatRange(0, 1e6), default=0, help="How many of all nodes, where none does."
)
@json_option
@server_options
def import_mlperf(
    connection: Connection, places: tuple[Path, ...], cluster: str, accelerator: str, accelerators: float, as_json: bool
) -> None:
    """Import MLPerf training logs: files, or folders as submissions have them (results/SYSTEM/BENCHMARK/result_0.txt).

    Accelerators come from systems/SYSTEM.json. A log that is imported already changes nothing.
    """
    taken: list[wire.MlperfTaken] = []
    problems: list[str] = []
    with connection.client(timeout_s=300) as client:
        for path, job in _logs(places):
            try:
                text = _mllog(path)
            except InvalidInput as problem:
                problems.append(str(problem))
                continue
            if not text:
                problems.append(f"{path}: it has no {MARKER} line")
                continue
            system = _system(path)
            body = wire.ImportMlperf(
                job=job,
                log=text,
                cluster=cluster,
                accelerator=accelerator or system.accelerator,
                accelerators=accelerators or system.accelerators,
                nodes=system.nodes,
            )
            try:
                taken.append(Runs(client).import_mlperf(body))
            except InvalidInput as problem:
                problems.append(f"{path}: {problem}")
    if as_json:
        print_json({"logs": taken, "problems": problems})
    else:
        rows = [(one.job, one.benchmark or _NONE, one.marks, "new" if one.changed else "known") for one in taken]
        if rows:
            print_table(("run", "benchmark", "marks", ""), rows, right=("marks",))
        for one in taken:
            if one.unreadable:
                remark(f"{one.job}: lines that cannot be read: {', '.join(map(str, one.unreadable))}")
        for note in problems:
            remark(note)
    if not taken:
        raise click.ClickException("no log was imported")


def _logs(places: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Files of logs, each with the id of its run: its path as far as it says system and benchmark."""
    for place in places:
        if place.is_file():
            yield place, _job(place)
            continue
        for path in sorted(place.rglob("*")):
            if path.is_file() and path.name.endswith(_SUFFIXES) and not path.name.startswith("README"):
                yield path, _job(path)


def _job(path: Path) -> str:
    parts = path.resolve().parts
    if "results" in parts:
        at = len(parts) - 1 - parts[::-1].index("results")
        parts = (*parts[max(at - 1, 0) : at], *parts[at + 1 :])
    else:
        parts = parts[-1:]
    name = "/".join(parts).removesuffix(".gz")
    return name[-512:]


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def _mllog(path: Path) -> str:
    """The lines of a log that the server reads; the rest of its output stays here. Other lines keep their place."""
    try:
        with _opened(path) as lines:
            found = [line.rstrip("\n") if MARKER in line else "" for line in lines]
    except (OSError, EOFError, zlib.error) as problem:
        raise InvalidInput(f"cannot read {path}: {problem}") from None
    return "\n".join(found).rstrip() if any(found) else ""


class _System(Struct, frozen=True):
    """What the description of a system says."""

    accelerator: str = ""
    accelerators: float = 0.0
    nodes: int = 0


def _system(path: Path) -> _System:
    """The description `systems/SYSTEM.json` beside `results`; nothing where there is none, or none that can be read."""
    parents = [one for one in path.resolve().parents if one.name == "results"]
    if not parents:
        return _System()
    inside = path.resolve().relative_to(parents[0]).parts
    file = parents[0].parent / "systems" / f"{inside[0]}.json"
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        nodes, each = int(told.get("number_of_nodes") or 0), float(told.get("accelerators_per_node") or 0)
        return _System(str(told.get("accelerator_model_name") or "")[:128], nodes * each, nodes)
    except (OSError, ValueError, AttributeError, TypeError):
        return _System()


@click.command("energy")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@json_option
@server_options
def energy(connection: Connection, files: tuple[Path, ...], as_json: bool) -> None:
    """Say what files measured of energy, and which power limit saves most: CSV of Zeus, or readings of power.

    Zeus' windows (window_name,elapsed_time,gpu0_energy) and trials by power_limit; run,node,time_ms,watts.
    """
    found: dict[str, wire.MeasuredEnergy] = {}
    with connection.client() as client:
        for path in files:
            try:
                with _opened(path) as lines:
                    text = lines.read()
                found[str(path)] = Runs(client).energy_file(text)
            except (TrimtabError, OSError, EOFError, zlib.error) as problem:
                raise click.ClickException(f"{path}: {problem}") from None
    if as_json:
        print_json(found)
        return
    parts = [part for measured in found.values() for part in measured.parts]
    if parts:
        rows = [(one.name, f"{one.joules:,.0f}", f"{one.seconds:,.1f}", one.basis) for one in parts]
        print_table(("part", "joules", "seconds", "by"), rows, right=("joules", "seconds"))
    advice = [
        (", ".join(one.job.values()) or Path(name).stem, one.limits, one.words)
        for name, measured in found.items()
        for one in measured.advice
    ]
    if advice:
        print_table(("job", "limits", "advice"), advice, right=("limits",))
    for name, measured in found.items():
        if measured.undecided:
            remark(f"{name}: {measured.undecided} jobs were tried under one limit only")
        if measured.unreadable:
            remark(f"{name}: lines that cannot be read: {', '.join(map(str, measured.unreadable))}")
