"""SLURM records on a directory: text of its tools, answers of slurmrestd (`*.jsonl[.gz]`, one a line), and JSON files.

Run as `python bench/eval_slurm_records.py DIR`. Every file goes through the product's own readers; the `expected*.json`
beside it is only compared with. `records` are the records read (jobs and their steps, nodes, and the entries of other
kinds of answer), `wrong` those whose facts differ from the expected, `skipped` those that are expected and were not
read, `unreadable` the lines and rows that the readers name as such. Files of other kinds are named. The last line is
JSON.
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.sources.slurm import answers, delimited, jobs, nodes, squeue, values
from trimtab.sources.slurm.answers import Answer, JobFacts
from trimtab.sources.slurm.gathered import documents, kind_of
from trimtab.sources.slurm.gres import of_tres
from trimtab.sources.slurm.node_answers import nodes_of
from trimtab.sources.slurm.text import known, pairs_of, records_of

Facts = dict[str, Any]
totals: Counter[str] = Counter()
_READ_ALONE: Mapping[str, Callable[[str], Iterable[object]]] = {
    "scontrol jobs": lambda text: jobs.read(text, UTC),
    "scontrol nodes": nodes.read,
    "squeue": squeue.read,
}
"""Kinds of text of which nothing is expected but that all of it is read."""


def main() -> int:
    """Read every file of the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_slurm_records.py DIR", file=sys.stderr)
        return 2
    for path in sorted(Path(sys.argv[1]).rglob("*")):
        if path.is_file() and not path.name.startswith(("expected", "README")) and "-expected" not in path.name:
            read_file(path)
    print(json.dumps({name: totals[name] for name in ("records", "wrong", "skipped", "unreadable")}))
    return 0


def read_file(path: Path) -> None:
    """Read a file and compare it with what `expected*.json` beside it says of it."""
    name = path.name.removesuffix(".gz")
    expected = expectation(path.parent, name)
    text = content(path)
    if not name.endswith(".jsonl"):
        read_text(name, text, expected)
        return
    whole = expected if isinstance(expected, Mapping) else {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
            file, inner = one["file"], one["content"]
        except (ValueError, KeyError, TypeError) as problem:
            name_unreadable(name, [f"line {number}: no recorded answer: {problem!r}"])
            continue
        read_text(f"{name}/{file}", inner if isinstance(inner, str) else json.dumps(inner), whole.get(file))


def read_text(name: str, text: str, expected: Any) -> None:
    """Read one output, whatever it is; one that the readers refuse is named and counts as unreadable."""
    try:
        _read_text(name, text, expected)
    except InvalidInput as problem:
        name_unreadable(name, [str(problem)])


def _read_text(name: str, text: str, expected: Any) -> None:
    kind = kind_of(text)
    if kind == "json":
        unreadable: list[str] = []
        found = list(documents(text, unreadable))
        name_unreadable(name, unreadable)
        if len(found) + len(unreadable) > 1:
            lines(name, found, expected)
        else:
            answer(name, found[0], expected if isinstance(expected, Mapping) else {})
    elif kind in ("sacct", "sacctmgr", "sinfo"):
        table(name, kind, delimited.read(text), expected)
    elif kind == "scontrol partitions":
        partitions = [partition(pairs_of(one)) for one in records_of(text, "PartitionName")]
        compare(name, partitions, expected, lambda row: row["partition"])
    elif kind in _READ_ALONE:
        rows = list(_READ_ALONE[kind](text))
        print(f"{name}: {kind}: {len(rows)} records")
        totals["records"] += len(rows)
    else:
        print(f"{name}: {kind}: not read")


def table(name: str, kind: str, read: delimited.Table, expected: Any) -> None:
    """Compare a table's records with what is expected of it."""
    name_unreadable(name, read.unreadable)
    if kind != "sacct" or not isinstance(expected, Mapping):
        rows = [row.cells for row in read.rows]
        compare(name, rows, expected if isinstance(expected, list) else None, None)
        return
    rows = [accounting(row.cells) for row in read.rows]
    totals["records"] += len(rows)
    missing = expected["records"] - len(rows)
    totals["skipped"] += max(missing, 0)
    counted = {
        "records": len(rows),
        "job_records": sum(not row["step"] for row in rows),
        "step_records": sum(row["step"] for row in rows),
        "states": dict(Counter(row["state"] for row in rows)),
        "lines_not_readable": len(read.unreadable),
        "with_line_breaks": sum(any("\n" in cell for cell in row.cells.values()) for row in read.rows),
        "gpus_of_job_records": sum(row["gpus"] for row in rows if not row["step"]),
    }
    for key, value in counted.items():
        want = expected.get(key, value)
        check(name, key, value, len(want) if isinstance(want, list) else want)
    for row, want in zip(rows, expected.get("all") or expected.get("sample") or [], strict=False):
        check_row(name, row, want)


def answer(name: str, read: Answer, expected: Mapping[str, Any]) -> None:
    """Compare a JSON answer with what is expected of it."""
    rows: list[Facts] = []
    if read.kind in ("jobs", "accounted jobs"):
        for row in read.rows:
            try:
                rows.append(job(answers.job_facts(row)))
            except InvalidInput as problem:
                name_unreadable(name, [str(problem)])
    elif read.kind in ("nodes", "sinfo"):
        known_nodes = {one.name: one for one in nodes_of(read)}
        raw = {str(row.get("name")): row for row in read.rows}
        rows = [
            {
                "name": node.name,
                "state": list(values.states_of(node.state)),
                "gpus": node.gpus,
                "gpus_used": node.allocated,
                "reason": node.reason or None,
                "cpus": raw.get(node.name, {}).get("cpus"),
                "alloc_cpus": raw.get(node.name, {}).get("alloc_cpus"),
            }
            for node in known_nodes.values()
        ]
    elif read.kind in ("error", "unknown"):
        print(f"{name}: {read.kind}: {'; '.join(read.errors)}")
        check(name, "jobs", 0, expected.get("jobs", 0))
        if expected.get("errors"):
            check(name, "errors", list(read.errors), list(expected["errors"]))
        return
    else:
        other(name, read, expected)
        return
    word = "jobs" if "jobs" in read.kind else "nodes"
    check(name, word, len(rows), expected.get(word, len(rows)))
    compare(name, rows, expected.get("rows"), None)


def other(name: str, read: Answer, expected: Mapping[str, Any]) -> None:
    """Compare the entries of another kind of answer."""
    print(f"{name}: {read.kind}: {len(read.rows)} entries, neither jobs nor nodes")
    totals["records"] += len(read.rows)
    want = expected.get(read.kind)
    if isinstance(want, list):
        check(name, read.kind, sorted(str(row.get("name")) for row in read.rows), sorted(map(str, want)))
    elif isinstance(want, int):
        check(name, read.kind, len(read.rows), want)
        for row, facts in zip(read.rows, expected.get("rows", []), strict=False):
            told = {
                "account": row.get("account"),
                "user": row.get("user"),
                "parent": row.get("parent_account"),
                "shares": values.number(row.get("shares_raw")),
                "qos": row.get("qos"),
            }
            check_row(name, told, facts)


def lines(name: str, read: Sequence[Answer], expected: Any) -> None:
    """A format of one document a line that is not SLURM's own: it is named."""
    print(f"{name}: {len(read)} documents, a line each: {', '.join(sorted({one.kind for one in read}))}")
    totals["records"] += len(read)
    if isinstance(expected, Mapping):
        check(name, "lines", len(read), expected.get("valid_json_lines", len(read)))


def accounting(cells: Mapping[str, str]) -> Facts:
    """The facts of a record of sacct."""
    job_id = known(cells.get("JobID")) or known(cells.get("JobIDRaw"))
    return {
        "job": job_id,
        "raw": known(cells.get("JobIDRaw")) or None,
        "user": known(cells.get("User")) or None,
        "account": known(cells.get("Account")) or None,
        "partition": known(cells.get("Partition")) or None,
        "state": known(cells.get("State")).split()[0] if known(cells.get("State")) else None,
        "start": known(cells.get("Start")) or None,
        "end": known(cells.get("End")) or None,
        "submit": known(cells.get("Submit")) or None,
        "nodes": whole(cells.get("AllocNodes") or cells.get("NNodes")),
        "cpus": whole(cells.get("AllocCPUS")),
        "gpus": int(of_tres(cells.get("AllocTRES")).count),
        "exit": known(cells.get("ExitCode")) or None,
        "step": "." in job_id,
    }


def job(facts: JobFacts) -> Facts:
    """The facts of a job of an answer."""
    return {
        "job_id": facts.id,
        "user": facts.user or None,
        "account": facts.account or None,
        "partition": facts.partition or None,
        "qos": facts.qos or None,
        "state": facts.states[0] if facts.states else None,
        "submit": facts.submit_s,
        "start": facts.start_s,
        "end": facts.end_s,
        "elapsed_s": facts.elapsed_s,
        "gpus": facts.gpus.count,
        "gpus_from": facts.gpus_from or None,
        "gpus_requested": None if facts.asked is None else facts.asked.count,
        "requested_from": facts.asked_from or None,
        "nodes": facts.nodes,
        "submit_line": facts.submit_line,
    }


def partition(pairs: Mapping[str, str]) -> Facts:
    """The facts of a partition."""
    return {
        "partition": pairs["PartitionName"],
        "state": pairs.get("State"),
        "total_cpus": whole(pairs.get("TotalCPUs")),
        "total_nodes": whole(pairs.get("TotalNodes")),
        "gpus": int(of_tres(pairs.get("TRES")).count),
        "max_time": pairs.get("MaxTime"),
        "priority_tier": pairs.get("PriorityTier"),
    }


def compare(name: str, rows: Sequence[Facts], expected: Any, key: Callable[[Facts], object] | None) -> None:
    """Count the records of a list and compare each, in order or by a key."""
    totals["records"] += len(rows)
    if not isinstance(expected, list):
        return
    totals["skipped"] += max(len(expected) - len(rows), 0)
    by_key = {key(row): row for row in rows} if key else {}
    for place, want in enumerate(expected):
        row = by_key.get(key(want)) if key else rows[place] if place < len(rows) else None
        if row is not None:
            check_row(name, row, want)


def check_row(name: str, row: Facts, want: Mapping[str, Any]) -> None:
    """Count a record as wrong where a fact differs."""
    differs = [
        f"{key} {row[key]!r}, expected {value!r}"
        for key, value in want.items()
        if key in row and row[key] != value and not (key == "state" and row[key] == list(values.states_of(value)))
    ]
    if differs:
        totals["wrong"] += 1
        print(f"{name}: {'; '.join(differs)}")


def check(name: str, key: str, value: object, want: object) -> None:
    """Count a figure of a whole file as a wrong record where it differs."""
    if value != want:
        totals["wrong"] += 1
        print(f"{name}: {key} {value!r}, expected {want!r}")


def name_unreadable(name: str, lines_: Sequence[str]) -> None:
    """Count and print lines that cannot be read."""
    totals["unreadable"] += len(lines_)
    for line in lines_:
        print(f"{name}: {line}")


def expectation(folder: Path, name: str) -> Any:
    """What is expected of a file; None where nothing is said."""
    for path in sorted(folder.glob("expected*.json*")):
        found = json.loads(content(path))
        for key in (name, name.removesuffix(".jsonl"), Path(name).stem):
            if key in found:
                return found[key]
    beside = [folder / f"{Path(name).stem}-expected.json{end}" for end in ("", ".gz")]
    return next((json.loads(content(path)) for path in beside if path.exists()), None)


def content(path: Path) -> str:
    """The text of a file, compressed or not."""
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8", "replace")


def whole(text: str | None) -> int | None:
    """A number, None for none."""
    return int(text) if text and text.strip().isdecimal() else None


if __name__ == "__main__":
    sys.exit(main())
