"""Whether a cause starts a run: once in a cool-down, decided in one transaction, and the same when it is asked again.

The cool-down is of the causes' own time (an event that says it happened later than it came in counts as it came in),
so that what was held up by a crash is judged as it would have been.
"""

import json
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, insert, select

from trimtab.store.state.schema.triggers import pipeline_causes, pipeline_runs
from trimtab.triggers.arns import Place, name_of
from trimtab.triggers.entries import stable_id
from trimtab.triggers.model import Delivery
from trimtab.triggers.pipelines.model import Pipeline, Run, RunState

_runs = pipeline_runs.c


class Planned(Struct, frozen=True):
    """What a cause came to: a run of its own, or one that was there (`folded`)."""

    run: Run
    folded: bool


def plan(connection: Connection, pipeline: Pipeline, delivery: Delivery, now_ms: int) -> Planned:
    """Plan a run for a delivery, or fold it into the run in whose cool-down it came."""
    known = connection.execute(select(pipeline_causes).where(pipeline_causes.c.delivery == delivery.id)).first()
    if known is not None:
        return Planned(run_in(connection, known.run), bool(known.folded))
    at_ms = min(delivery.at_ms, delivery.created_ms)
    run = would_fold(connection, pipeline, at_ms)
    folded = run is not None
    if run is None:
        run = _add(connection, pipeline, delivery, at_ms, now_ms)
    connection.execute(
        insert(pipeline_causes).values(
            delivery=delivery.id,
            run=run.id,
            event=delivery.event,
            rule=delivery.rule,
            title=delivery.title,
            at_ms=at_ms,
            folded=int(folded),
        )
    )
    return Planned(run, folded)


def would_fold(connection: Connection, pipeline: Pipeline, at_ms: int) -> Run | None:
    """The run in whose cool-down a cause of that time would come, None where it would start one."""
    cooldown_ms = 1000 * pipeline.cooldown_s
    mine = (_runs.account == pipeline.place.account) & (_runs.region == pipeline.place.region)
    near = (_runs.at_ms > at_ms - cooldown_ms) & (_runs.at_ms < at_ms + cooldown_ms)
    query = select(pipeline_runs).where(mine, _runs.pipeline == pipeline.name, near)
    row = connection.execute(query.order_by(_runs.at_ms.desc()).limit(1)).first()
    return None if row is None else run_of(row)


def run_in(connection: Connection, id_: str) -> Run:
    """A run that is known to be there."""
    return run_of(connection.execute(select(pipeline_runs).where(_runs.id == id_)).one())


def _add(connection: Connection, pipeline: Pipeline, delivery: Delivery, at_ms: int, now_ms: int) -> Run:
    id_ = stable_id("run", pipeline.arn, delivery.id)
    connection.execute(
        insert(pipeline_runs).values(
            id=id_,
            account=pipeline.place.account,
            region=pipeline.place.region,
            pipeline=pipeline.name,
            kind=pipeline.kind,
            form=json.dumps(pipeline.form),
            delivery=delivery.id,
            rule=delivery.rule,
            why=f"{delivery.title}, by rule {name_of(delivery.rule)}",
            input=delivery.input,
            at_ms=at_ms,
            until_ms=at_ms + 1000 * pipeline.cooldown_s,
            state=RunState.WAITING.value,
            attempts=0,
            next_ms=now_ms,
            created_ms=now_ms,
            external="",
            outcome="",
            output="",
        )
    )
    return run_in(connection, id_)


def run_of(row: Row[Any]) -> Run:
    """A row as a run."""
    return Run(
        row.id,
        Place(row.account, row.region),
        row.pipeline,
        row.kind,
        json.loads(row.form),
        row.delivery,
        row.rule,
        row.why,
        row.input,
        row.at_ms,
        row.until_ms,
        RunState(row.state),
        row.attempts,
        row.next_ms,
        row.created_ms,
        row.started_ms,
        row.finished_ms,
        row.external,
        row.outcome,
        row.output,
    )
