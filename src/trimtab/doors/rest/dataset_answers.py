"""Questions to datasets as they come over REST, and answers as JSON has them."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from trimtab.base.clock import Clock, to_ms
from trimtab.base.timerange import parse_instant_ms
from trimtab.client import datasets_wire as wire
from trimtab.reports.datasets.extract_store import Extract
from trimtab.reports.datasets.field import Field, Type
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reading import Answer
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.datasets.spec import Dataset, form_of, spec_of, yaml_of
from trimtab.reports.datasets.sql.run import SqlQuery
from trimtab.reports.datasets.store import Stored


def query_of(asked: wire.DatasetQuery, clock: Clock) -> Query:
    """A question. Raises InvalidInput for a time that cannot be read."""
    now = clock.now_ms()
    return Query(
        columns=tuple((one.name, one.expression) for one in asked.columns),
        where=tuple(asked.where),
        order=tuple((name.removeprefix("-"), name.startswith("-")) for name in asked.order),
        limit=asked.limit,
        parameters=asked.parameters,
        start_ms=None if asked.start is None else parse_instant_ms(asked.start, now),
        end_ms=None if asked.end is None else parse_instant_ms(asked.end, now),
        distinct=asked.distinct,
    )


def sql_of(asked: wire.SqlStatement, clock: Clock) -> SqlQuery:
    """A statement. Raises InvalidInput for a time that cannot be read."""
    now = clock.now_ms()
    start = None if asked.start is None else parse_instant_ms(asked.start, now)
    end = None if asked.end is None else parse_instant_ms(asked.end, now)
    return SqlQuery(asked.sql, asked.limit, start, end)


def fields_on_wire(fields: Sequence[Field]) -> list[wire.DatasetField]:
    """Fields."""
    return [wire.DatasetField(one.name, one.type.value, one.unit, one.part.value, one.description) for one in fields]


def answer_on_wire(answer: Answer) -> wire.DatasetAnswer:
    """An answer whose times are ms and whose money is text."""
    columns = [_plain(column, one.type) for column, one in zip(answer.table.columns, answer.fields, strict=True)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return wire.DatasetAnswer(
        fields_on_wire(answer.fields),
        rows,
        answer.more,
        answer.start_ms,
        answer.end_ms,
        dict(answer.until_ms),
        answer.extracted_ms,
        list(answer.notes),
    )


def _plain(column: pa.ChunkedArray, type_: Type) -> list[Any]:
    return [_value(one, type_) for one in column.to_pylist()]


def _value(value: Any, type_: Type) -> Any:
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, Decimal):
        return money_text(value)
    return dict(value) if type_ is Type.LABELS else value


def money_text(amount: Decimal) -> str:
    """An exact amount without needless zeros: at least two digits behind the point."""
    text = f"{amount:f}"
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def flat(table: pa.Table, fields: Sequence[Field]) -> pa.Table:
    """A table whose labels are JSON texts: what CSV can say."""
    columns = [
        pa.array([json.dumps(dict(one)) if one else "" for one in column.to_pylist()], pa.string())
        if field.type is Type.LABELS
        else column
        for column, field in zip(table.columns, fields, strict=True)
    ]
    return pa.table(columns, names=table.column_names)


def summary(stored: Stored) -> wire.DatasetSummary:
    """A dataset in a list."""
    spec = spec_of(stored.spec)
    names = [one.use for one in spec.sources]
    told = stored.owner, stored.shared, stored.version, stored.updated_ms, stored.updated_by
    return wire.DatasetSummary(
        stored.id, stored.name, stored.account, spec.title, *told, names, spec.extract is not None
    )


def on_wire(room: DatasetRoom, stored: Stored, spec: Dataset, extract: Extract | None) -> wire.StoredDataset:
    """A dataset in full."""
    compiled = room.reader.compiled(spec)
    told = stored.owner, stored.shared, stored.version, stored.updated_ms, stored.updated_by
    form = form_of(spec), yaml_of(spec)
    more = fields_on_wire(compiled.fields), list(compiled.joined.notes)
    return wire.StoredDataset(stored.id, stored.name, stored.account, *told, *form, *more, extract_on_wire(extract))


def extract_on_wire(extract: Extract | None) -> wire.DatasetExtract | None:
    """An extract."""
    if extract is None:
        return None
    made = extract.made_ms if extract.table else None
    return wire.DatasetExtract(made, extract.next_ms, extract.rows, extract.took_ms, extract.problem)
