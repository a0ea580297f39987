"""Runs of schedulers: which failed and why, what one did, what hangs now, the queue, and what runs cost."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import quote

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Cell, Table, first_money, money, moneys, only, time_text
from trimtab.assistants.tool import Parts, Tool, by_ask
from trimtab.assistants.words import End, Start, Team, Text
from trimtab.base.errors import InvalidInput
from trimtab.client import runs_wire as wire
from trimtab.client.api import Client
from trimtab.client.progress_wire import RunProgress
from trimtab.client.runs import Runs
from trimtab.client.unit_costs import UnitCosts

_FAILED = ("failed", "out of memory", "node failed", "timeout", "preempted", "lost")
_STATES = {
    "any": (),
    "failed": _FAILED,
    "running": ("running", "suspended"),
    "pending": ("pending",),
    "completed": ("completed",),
    "cancelled": ("cancelled",),
}
_BASIS = "runs as schedulers report them, with activity of their GPUs and cost by the fleet ledger"


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """Which runs."""

    ask: Annotated[
        Literal["list", "run", "hanging", "queue", "cost"],
        Meta(
            description="list: runs with state, reason, cost and largest loss. run: one run in full (give `job`)."
            " hanging: runs that hang now. queue: what waits, why, and when it will start; idle GPUs beside it."
            " cost: the dearest runs, by outcome, and tries that came to nothing."
        ),
    ] = "list"
    state: Annotated[
        Literal["any", "failed", "running", "pending", "completed", "cancelled"],
        Meta(description="failed: failed, out of memory, node failed, timeout, preempted and lost."),
    ] = "any"
    job: Annotated[Text, Meta(description="The job's id.")] = ""
    cluster: Text = ""
    team: Team = ""
    user: Text = ""
    text: Annotated[Text, Meta(description="Part of a run's name.")] = ""
    start: Start = "-7d"
    end: End = "now"


def _list(client: Client, asked: Arguments) -> Answer:
    given = {"cluster": asked.cluster, "team": asked.team, "user": asked.user, "text": asked.text}
    filters = {name: value for name, value in given.items() if value}
    page = Runs(client).listed(start=asked.start, end=asked.end, states=_STATES[asked.state], limit=200, **filters)
    rows = [_row(one) for one in sorted(page.runs, key=lambda one: -one.gpu_hours)]
    states = Counter(one.state for one in page.runs)
    columns = ("job", "cluster", "name", "team", "user", "state", "reason", "exit_code", "gpus", "gpu_hours",
               "active_share", "currency", "cost", "largest_loss", "ended")  # fmt: skip
    return Answer(
        page="/runs",
        total={"runs": len(rows), "by_state": dict(states), "more_runs": page.next is not None},
        basis=f"{_BASIS}; hours and cost are those within the period, the most GPU-hours first",
        currency=only(currency for one in page.runs for currency in one.amounts),
        tables=[Table(name="runs", columns=columns, rows=rows, sums=("cost", "gpu_hours"))],
        period=(asked.start, asked.end),
    )


def _row(one: wire.Run) -> Sequence[Cell]:
    cost, currency = first_money(one.amounts)
    loss = one.largest_loss.words if one.largest_loss else None
    return (one.job, one.cluster, one.name, one.team, one.user, one.state, one.reason, one.exit_code, one.gpus,
            round(one.gpu_hours, 1), one.active_share, currency, cost, loss, time_text(one.end_ms))  # fmt: skip


def _one(client: Client, asked: Arguments) -> Answer:
    if not asked.job:
        raise InvalidInput("cannot tell of a run: no job is named; expected its id, which ask=list shows", field="job")
    runs, parts = Runs(client), Parts()
    found = runs.one(asked.job, asked.cluster)
    parts.had = 1
    progress: RunProgress | None = parts.of("its progress", lambda: runs.progress(asked.job, asked.cluster), None)
    one = found.run
    currency = only(one.amounts)
    losses = [
        (loss.kind, loss.gpus, round(loss.gpu_hours, 1), *_both(loss.amounts), loss.words) for loss in found.losses
    ]
    phases = [(phase.phase, round(phase.gpu_hours, 1), *_both(phase.amounts)) for phase in found.phases]
    waited = [(time_text(w.from_ms), time_text(w.to_ms), w.reason) for w in found.waited]
    hangs = [(time_text(h.from_ms), time_text(h.to_ms), h.ended, h.node, h.index, h.gpu) for h in found.hangs]
    faults = [
        (f.machine, f.device, f.fault, f.meaning, f.effect, time_text(f.at_ms))
        for f in (found.health.faults if found.health else ())
    ]
    facts = {
        "name": one.name, "team": one.team, "user": one.user, "state": one.state, "reason": one.reason,
        "exit_code": one.exit_code, "gpus": one.gpus, "gpu_type": one.gpu_type, "nodes": list(one.node_names[:16]),
        "submitted": time_text(one.submit_ms), "started": time_text(one.start_ms), "ended": time_text(one.end_ms),
        "waited_s": round(one.wait_s), "active_share": one.active_share, "activity_unknown": one.unknown,
        "expected_start": _start(one.expected_start),
        **({"progress": _progress(progress)} if progress else {}),
    }  # fmt: skip
    return Answer(
        page=f"/runs/{quote(one.cluster, safe='')}/{quote(one.job, safe='')}",
        total={"cost": moneys(one.amounts), "gpu_hours": round(one.gpu_hours, 1)},
        currency=currency,
        basis=f"{_BASIS}; of its whole life",
        period=(one.start_ms, one.end_ms) if one.start_ms and one.end_ms else None,
        facts={name: value for name, value in facts.items() if value not in (None, "", [])},
        notes=parts.check(),
        tables=[
            Table(name="losses", columns=("kind", "gpus", "gpu_hours", "currency", "cost", "says"), rows=losses),
            Table(name="phases", columns=("phase", "gpu_hours", "currency", "cost"), rows=phases),
            Table(name="hangs", columns=("from", "until", "ended", "node", "index", "first_gpu"), rows=hangs),
            Table(name="faults", columns=("machine", "gpu", "fault", "meaning", "effect", "at"), rows=faults),
            Table(name="waited", columns=("from", "until", "reason"), rows=waited, keep=5),
        ],
    )


def _progress(found: RunProgress) -> dict[str, object]:
    """How far it is, and which rank slows it."""
    course, pace = found.course, found.pace
    told: dict[str, object] = {
        "step": course.step if course else None,
        "of_steps": course.total_steps if course else None,
        "restarts": course.restarts if course else None,
        "lost_steps": course.lost_steps if course else None,
        "mfu": found.mfu.value,
        "goodput": found.goodput.value,
        "tokens_per_s": found.tokens_per_s.value,
    }
    if pace is not None and pace.slow is not None:
        told["slow_rank"] = {"rank": pace.slow, "node": pace.node, "steps_shorter_without_it": pace.gain,
                             "says": pace.words}  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _both(amounts: dict[str, str]) -> tuple[str, str | None]:
    cost, currency = first_money(amounts)
    return currency, cost


def _start(start: wire.ExpectedStart | None) -> dict[str, Cell] | None:
    if start is None:
        return None
    return {"half_start_by": time_text(start.at_ms), "from": time_text(start.from_ms), "to": time_text(start.to_ms),
            "learnt_from_waits": start.waits}  # fmt: skip


def _hanging(client: Client, asked: Arguments) -> Answer:
    found = Runs(client).hanging().runs
    rows = [
        (one.job, one.cluster, one.name, one.team, one.user, one.gpus, time_text(one.from_ms), one.node, one.index,
         *_both(one.amounts_a_minute))
        for one in found
    ]  # fmt: skip
    columns = ("job", "cluster", "name", "team", "user", "gpus", "hangs_since", "node", "stopped_index", "currency",
               "cost_a_minute")  # fmt: skip
    return Answer(
        page="/runs?state=running",
        total={"hanging_runs": len(found)},
        currency=only(currency for one in found for currency in one.amounts_a_minute),
        basis="kernels run and no GPU of the run moves any data; looked at every 15 seconds",
        tables=[Table(name="runs", columns=columns, rows=rows, sums=("cost_a_minute",))],
    )


def _queue(client: Client, asked: Arguments) -> Answer:
    start = asked.start if asked.start != "-7d" else "-24h"
    found = Runs(client).queue(start=start, end=asked.end, cluster=asked.cluster)
    runs = [one for one in found.runs if asked.team in ("", one.team)]
    rows = [
        (one.job, one.cluster, one.name, one.team, one.gpus, one.gpu_type, time_text(one.submit_ms),
         *((time_text(one.start.at_ms), time_text(one.start.from_ms), time_text(one.start.to_ms))
           if one.start else (None, None, None)))
        for one in runs
    ]  # fmt: skip
    columns = ("job", "cluster", "name", "team", "gpus", "gpu_type", "submitted", "half_start_by", "from", "to")
    waiting = [
        (one.team, one.reason, one.runs, one.gpus, round(one.gpu_hours, 1), one.wait_p50_s, one.wait_p95_s)
        for one in found.waiting
        if asked.team in ("", one.team)
    ]
    gpus = [(one.gpu_type, one.gpus, one.allocated, sum(one.idle.values()), _idle(one)) for one in found.gpus]
    return Answer(
        page="/runs?tab=queue",
        total={
            "waiting_runs": len(runs),
            "waiting_gpus": sum(one.gpus for one in runs),
            "gpus_idle": sum(sum(one.idle.values()) for one in found.gpus),
        },
        basis="the schedulers' queue now; starts are learnt from past waits: half of such runs start by half_start_by, "
        "80 % between from and to",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(name="waiting_runs", columns=columns, rows=rows, sums=("gpus",)),
            Table(
                name="waits_by_team",
                columns=("team", "reason", "waiting_now", "gpus", "gpu_hours", "wait_median_s", "wait_p95_s"),
                rows=waiting,
            ),
            Table(name="gpus", columns=("gpu_type", "gpus", "allocated", "idle", "idle_why"), rows=gpus),
        ],
    )


def _idle(one: wire.GpuUse) -> str:
    return ", ".join(f"{number:g} {why}" for why, number in one.idle.items() if number)


def _cost(client: Client, asked: Arguments) -> Answer:
    found = UnitCosts(client, asked.start, asked.end).runs(limit=60, team=asked.team)
    rows = [
        (one.job, one.cluster, one.name, one.team, one.user, one.state, one.outcome, one.gpu_hours, one.currency,
         money(one.cost), money(one.idle), len(one.tries), *_both(one.lost)[1:])
        for one in found.runs
    ]  # fmt: skip
    outcomes = [
        (outcome, currency, money(amount))
        for outcome, amounts in found.by_outcome.items()
        for currency, amount in amounts.items()
    ]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for amounts in found.by_outcome.values():
        for currency, amount in amounts.items():
            sums[currency] += Decimal(amount)
    columns = ("job", "cluster", "name", "team", "user", "state", "outcome", "gpu_hours", "currency", "cost", "idle",
               "failed_tries", "lost_in_tries")  # fmt: skip
    return Answer(
        page="/unit-costs?tab=runs",
        total={"cost": moneys(sums), "runs": len(found.runs) + found.more},
        currency=only(currency for amounts in found.by_outcome.values() for currency in amounts),
        basis="amortised bill and live estimate of the machines, by what the run held; the dearest first",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(name="runs", columns=columns, rows=rows, sums=("cost", "gpu_hours"), more=found.more),
            Table(name="by_outcome", columns=("outcome", "currency", "cost"), rows=outcomes),
        ],
    )


_ASKS = {"list": _list, "run": _one, "hanging": _hanging, "queue": _queue, "cost": _cost}

TOOL = Tool(
    name="runs",
    title="Runs and the queue",
    about="Training runs and other jobs: which failed and why, one run in full (losses, phases, hangs, GPU faults, "
    "slow rank), which hang now, what waits in the queue and when it will start, the dearest runs and lost tries.",
    arguments=Arguments,
    run=by_ask(_ASKS),
)
