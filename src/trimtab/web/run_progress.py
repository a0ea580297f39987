"""What a run's page shows of its progress: tiles, the bar of its phases, and lines of facts."""

from collections.abc import Mapping
from typing import Any

from trimtab.charts.heat_strip import Segment, segment_bar
from trimtab.charts.svg import Svg
from trimtab.figures.areas import progress as figures
from trimtab.figures.model import Figure
from trimtab.fleet.phases.pace import RankPaces
from trimtab.kpis.runs.report import length_of
from trimtab.progress.course import Course, Phase
from trimtab.progress.flops import Known
from trimtab.progress.report import RunProgress
from trimtab.web import format as words
from trimtab.web.tiles import Tile

STYLES: Mapping[Phase, str] = {
    Phase.TRAINING: "seg-run",
    Phase.RECOMPUTED: "seg-wrong",
    Phase.EVALUATION: "seg-free",
    Phase.CHECKPOINT: "seg-reserved",
    Phase.START_UP: "seg-fragmented",
    Phase.UNEXPLAINED: "seg-wait",
}


def tiles(found: RunProgress) -> list[Tile]:
    """Step, tokens/s, MFU, goodput, restarts with lost steps, and energy; what is not known says why."""
    course = found.course
    if course is None:
        return [_tile(figures.ENERGY, found.kwh, "{:,.2f}", "kWh")]
    return [
        Tile(figures.STEP, words.NONE if course.step is None else f"{course.step:,}", "", _position(found, course)),
        _tile(figures.TOKENS, found.tokens_per_s, "{:,.0f}", ""),
        _tile(figures.MFU, found.mfu, "{:.1f}", "%", 100.0),
        _tile(figures.GOODPUT, found.goodput, "{:.1f}", "%", 100.0),
        Tile(figures.RESTARTS, str(course.restarts), "", f"{course.lost_steps:,} steps lost"),
        _tile(figures.ENERGY, found.kwh, "{:,.2f}", "kWh"),
    ]


def _tile(figure: Figure, known: Known, form: str, unit: str, scale: float = 1.0) -> Tile:
    if known.value is None:
        return Tile(figure, words.NONE, "", f"unknown: {known.how}")
    return Tile(figure, form.format(known.value * scale), unit, known.how)


def _position(found: RunProgress, course: Course) -> str:
    total = found.workload.total_steps
    parts = [
        f"of {total:,}" if total else "",
        f"epoch {course.epoch:.2f}" if course.epoch is not None else "",
        f"loss {course.loss:.4g}" if course.loss is not None else "",
        f"{words.value(course.step_s)} s a step" if course.step_s is not None else "",
    ]
    return ", ".join(part for part in parts if part) or f"told last at {words.instant(course.last_ms)}"


def _unsaved(course: Course) -> str:
    if course.unsaved_steps is None:
        return "no checkpoint was told" if course.saved_step is None else "no step was told"
    return f"{course.unsaved_steps:,} steps since the checkpoint of step {course.saved_step:,}"


def phases(course: Course) -> Svg | None:
    """What it did from its first word to its last, as one band."""
    parts = [
        Segment(
            (one.to_ms - one.from_ms) / 1000,
            STYLES[one.phase],
            f"{one.phase.value} {length_of((one.to_ms - one.from_ms) / 1000)}",
        )
        for one in course.spans
    ]
    if not parts:
        return None
    sums = ", ".join(f"{phase.value} {length_of(seconds)}" for phase, seconds in course.seconds.items() if seconds)
    return segment_bar(parts, f"What it did: {sums}")


def facts(found: RunProgress) -> list[tuple[str, str]]:
    """Further lines."""
    course = found.course
    if course is None:
        return []
    score = f", the last found {course.score:.4g}" if course.score is not None else ""
    rows = [
        ("Told by", ", ".join(found.sources)),
        ("Tokens/s", _line(found.tokens_per_s, "{:,.0f}")),
        ("Samples/s", _line(found.samples_per_s, "{:,.3g}")),
        ("MFU", _line(found.mfu, "{:.1%}")),
        ("Goodput", _line(found.goodput, "{:.1%}")),
        ("Evaluations", f"{course.evaluations}{score}"),
        ("Checkpoints", f"{course.checkpoints}; {_unsaved(course)}"),
        ("Energy", _line(found.kwh, "{:,.2f} kWh")),
    ]
    if found.joules_a_token.value is not None or found.joules_a_sample.value is None:
        return [*rows, ("Joules a token", _line(found.joules_a_token, "{:,.4g}"))]
    return [*rows, ("Joules a sample", _line(found.joules_a_sample, "{:,.4g}"))]


def _line(known: Known, form: str) -> str:
    return f"unknown: {known.how}" if known.value is None else f"{form.format(known.value)}: {known.how}"


def shown(found: RunProgress) -> dict[str, Any]:
    """What the template of a run's page needs."""
    course = found.course
    legend = [
        (phase.value, STYLES[phase], length_of(seconds))
        for phase, seconds in (course.seconds.items() if course is not None else ())
        if seconds
    ]
    return {
        "tiles": tiles(found),
        "band": phases(course) if course is not None else None,
        "legend": legend,
        "facts": facts(found),
        "unknown": found.goodput.how if course is None else "",
        "course": course,
    }


def pace_as_dict(pace: RankPaces, gpu_hours: float) -> dict[str, Any]:
    """How its ranks compare, and the GPU-hours that went to a slow one, as JSON has them."""
    judged = pace.judgement
    return {
        "slow": judged.slow, "node": pace.slow_node, "gain": judged.gain, "words": judged.words, "gpu_hours": gpu_hours,
    }  # fmt: skip


def as_dict(found: RunProgress) -> dict[str, Any]:
    """The figures as JSON has them: each with how it came about."""
    course = found.course
    known = ("step_s", "samples_per_s", "tokens_per_s", "mfu", "goodput", "kwh", "joules_a_sample", "joules_a_token")
    own: dict[str, Any] = {
        name: {"value": getattr(found, name).value, "how": getattr(found, name).how} for name in known
    }
    if course is None:
        return own
    counts = ("step", "epoch", "loss", "evaluations", "checkpoints", "unsaved_steps", "restarts", "lost_steps")
    seconds = {phase.value: value for phase, value in course.seconds.items()}
    return {**own, **{name: getattr(course, name) for name in counts}, "seconds": seconds}
