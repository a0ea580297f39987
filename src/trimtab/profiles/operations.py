"""Reads the operations of a training job (CSV or Parquet, one row an operation of one rank) into arrays.

Columns: `dp_rank`, `stage` (of the pipeline), `step`, `optype`, `start_ts` and `duration` (s), and, where it is known,
`rank` (global), `seq_id` (the how-many-th of its type on its rank in its step), `mc` (model chunk) and `gmc` (its
number in the whole model). Others are ignored.
"""

import gzip
import zlib
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.base.later import Later

pc = Later("pyarrow.compute")
pacsv = Later("pyarrow.csv")
pq = Later("pyarrow.parquet")

MOST_ROWS = 20_000_000
"""Operations of a file: arrays over them take some 3 GB at that number."""
_NEEDED = ("dp_rank", "stage", "step", "optype", "start_ts", "duration")
_WHOLE = ("dp_rank", "stage", "step", "rank", "seq_id", "mc", "gmc")
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Operations(Struct, frozen=True, kw_only=True):
    """The operations of the steps in which every rank did the same; arrays are (node, dp rank, step).

    A *node* is an operation of one stage: its type, stage and place among its type. `start` and `end` are seconds from
    the start of the step. `chunk` and `global_chunk` are of each node, -1 where it has none. `ranks` are (dp rank,
    stage). `left_out` says in words what of the file is not in here.
    """

    types: tuple[str, ...]
    type_of: Ints
    stage_of: Ints
    seq_of: Ints
    chunk: Ints
    global_chunk: Ints
    start: Floats
    end: Floats
    dp_ranks: tuple[int, ...]
    stages: tuple[int, ...]
    steps: tuple[int, ...]
    ranks: Ints
    rows: int
    left_out: tuple[str, ...]


def read(file: BinaryIO, name: str) -> Operations:
    """Read a file of operations. Raises InvalidInput for what is none, LimitExceeded for more than MOST_ROWS."""
    table = _table(file, name)
    missing = [column for column in _NEEDED if column not in table.column_names]
    if missing:
        raise InvalidInput(
            f"cannot read {name}: it has no column {', '.join(missing)}; expected one row an operation with"
            f" {', '.join(_NEEDED)}"
        )
    if not 0 < table.num_rows <= MOST_ROWS:
        raise LimitExceeded(f"cannot read {name}: it has {table.num_rows} rows; expected 1 to {MOST_ROWS}")
    columns, kinds, dropped = _columns(table, name)
    return arrange(columns, kinds, name, [f"{dropped} rows without a number where one is needed"] if dropped else [])


def _table(file: BinaryIO, name: str) -> pa.Table:
    head = file.read(4)
    file.seek(0)
    try:
        if head == _PARQUET:
            there = pq.ParquetFile(file)
            wanted = {*_NEEDED, *_WHOLE}
            return there.read([column for column in there.schema_arrow.names if column in wanted])
        source = gzip.GzipFile(fileobj=file) if head[:2] == _GZIP else file
        return pacsv.read_csv(source, parse_options=pacsv.ParseOptions(invalid_row_handler=lambda _: "skip"))
    except (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeDecodeError) as problem:
        why = str(problem).splitlines()[0][:200] if str(problem) else "it is no table"
        raise InvalidInput(f"cannot read {name}: expected operations as CSV or Parquet; {why}") from None


def _columns(table: pa.Table, name: str) -> tuple[dict[str, Floats], list[str], int]:
    """Numbers by column, the type of each operation, and how many rows were dropped."""
    found: dict[str, Floats] = {}
    for column in (*_NEEDED, *_WHOLE):
        if column == "optype" or column not in table.column_names:
            continue
        values = table[column]
        if isinstance(values.type, pa.DictionaryType):
            values = values.cast(values.type.value_type)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            tidy = pc.utf8_trim_whitespace(values)
            values = pc.if_else(pc.match_substring_regex(tidy, r"^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$"), tidy, None)
        try:
            found[column] = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        except (pa.ArrowException, ValueError):
            raise InvalidInput(f"cannot read {name}: column {column} has no numbers", field=column) from None
    kinds = table["optype"].cast(pa.string()).to_pylist()
    fine = np.array([kind is not None for kind in kinds])
    for column in _NEEDED:
        if column != "optype":
            fine &= np.isfinite(found[column])
    fine &= found["duration"] >= 0
    if not fine.any():
        raise InvalidInput(f"cannot read {name}: no row has all of {', '.join(_NEEDED)}")
    kept = {column: values[fine] for column, values in found.items()}
    return kept, [kind for kind, one in zip(kinds, fine.tolist(), strict=True) if one], int((~fine).sum())


def arrange(columns: Mapping[str, Floats], kinds: Sequence[str], name: str, left_out: Sequence[str] = ()) -> Operations:
    """Columns as arrays of (node, dp rank, step). Raises InvalidInput where no step is whole on every rank."""
    types, type_of_row = np.unique(np.array(kinds), return_inverse=True)
    dp_ranks, dp = np.unique(columns["dp_rank"].astype(np.int64), return_inverse=True)
    stages, stage = np.unique(columns["stage"].astype(np.int64), return_inverse=True)
    steps, step = np.unique(columns["step"].astype(np.int64), return_inverse=True)
    shape = len(dp_ranks), len(steps)
    seq = _sequence(columns, (type_of_row, stage, dp, step))
    keys = np.stack((type_of_row, stage, seq))
    nodes, node = np.unique(keys, axis=1, return_inverse=True)
    node = node.reshape(-1)
    cell = (node * shape[0] + dp) * shape[1] + step
    counts = np.bincount(cell, minlength=nodes.shape[1] * shape[0] * shape[1]).reshape(-1, *shape)
    usual = (counts > 0).mean(axis=(1, 2)) > 0.5
    whole = (counts == usual[:, None, None]).all(axis=(0, 1))
    if not whole.any():
        raise InvalidInput(
            f"cannot compare the ranks of {name}: in none of its {len(steps)} steps has every rank the same operations"
        )
    notes = list(left_out)
    if not whole.all():
        partial = [str(one) for one in steps[~whole].tolist()]
        notes.append(
            f"{len(partial)} steps in which ranks differ in their operations: {', '.join(partial[:10])}"
            + (" …" if len(partial) > 10 else "")
        )
    mine = usual[node] & whole[step]
    place = np.full(len(usual), -1)
    place[usual] = np.arange(int(usual.sum()))
    steps_at = np.cumsum(whole) - 1
    at = place[node[mine]], dp[mine], steps_at[step[mine]]
    size = int(usual.sum()), shape[0], int(whole.sum())
    start, end = np.empty(size), np.empty(size)
    start[at] = columns["start_ts"][mine]
    end[at] = columns["start_ts"][mine] + columns["duration"][mine]
    first = start.min(axis=(0, 1))
    ranks = np.full((shape[0], len(stages)), -1, np.int64)
    ranks[dp, stage] = columns["rank"].astype(np.int64) if "rank" in columns else stage * shape[0] + dp
    return Operations(
        types=tuple(str(one) for one in types),
        type_of=nodes[0, usual],
        stage_of=nodes[1, usual],
        seq_of=nodes[2, usual],
        chunk=_of_node(columns, "mc", at[0], mine, size[0]),
        global_chunk=_of_node(columns, "gmc", at[0], mine, size[0]),
        start=start - first,
        end=end - first,
        dp_ranks=tuple(dp_ranks.tolist()),
        stages=tuple(stages.tolist()),
        steps=tuple(steps[whole].tolist()),
        ranks=ranks,
        rows=len(kinds),
        left_out=tuple(notes),
    )


def _sequence(columns: Mapping[str, Floats], groups: Sequence[Ints]) -> Ints:
    """The how-many-th of its type each row is; counted by start where the file does not say it."""
    if "seq_id" in columns and np.isfinite(columns["seq_id"]).all():
        return columns["seq_id"].astype(np.int64)
    order = np.lexsort((columns["start_ts"], *groups))
    sorted_groups = np.stack([one[order] for one in groups])
    fresh = np.concatenate(([True], (sorted_groups[:, 1:] != sorted_groups[:, :-1]).any(axis=0)))
    begins = np.flatnonzero(fresh)
    places = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    found = np.empty(len(order), np.int64)
    found[order] = places
    return found


def _of_node(columns: Mapping[str, Floats], name: str, node: Ints, chosen: NDArray[np.bool_], size: int) -> Ints:
    """A column's value of each node, -1 where it has none."""
    found = np.full(size, -1, np.int64)
    if name in columns:
        values = columns[name][chosen]
        known = np.isfinite(values)
        found[node[known]] = values[known].astype(np.int64)
    return found
