"""Kernel-log lines on a directory of `kernel_lines.jsonl[.gz]` (and, where there, `*_catalogue.csv`).

Run as `python bench/eval_xid.py DIR`. Every line goes through the product's own classifier; `expected` is only
compared with. `rows` are the lines; a line is wrong where its kind, code, device or action differs (`wrong`), and each
is printed. `catalogue_rows` and `catalogue_wrong` count codes of which the product knows another meaning or action. The
last line is JSON.
"""

import csv
import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trimtab.gpu_faults import catalogue
from trimtab.gpu_faults.lines import KernelLine, Kind, classify


def main() -> int:
    """Classify every line of the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_xid.py DIR", file=sys.stderr)
        return 2
    rows, wrong = 0, 0
    for path in sorted(Path(sys.argv[1]).rglob("*.jsonl*")):
        for row in _lines(path):
            if "line" not in row or "expected" not in row:
                print(f"{path.name}: a row without a line or without what is expected of it: {str(row)[:80]}")
                continue
            rows += 1
            differs = differences(classify(row["line"]), row["expected"])
            if differs:
                wrong += 1
                print(f"{row.get('id', rows)}: {'; '.join(differs)}: {row['line'][:160]!r}")
    codes = list(_codes(Path(sys.argv[1])))
    figures = {"rows": rows, "wrong": wrong, "catalogue_rows": len(codes), "catalogue_wrong": codes.count(False)}
    print(json.dumps(figures))
    return 0


def differences(line: KernelLine, expected: Mapping[str, Any]) -> list[str]:
    """What differs in kind, code, device and action."""
    if line.kind != expected["kind"]:
        return [f"kind {line.kind}, expected {expected['kind']}"]
    if line.kind not in (Kind.XID, Kind.SXID):
        return []
    pairs: dict[str, tuple[object, object]] = {
        "code": (line.code, expected.get("code")),
        "device": (line.device, expected.get("device") or ""),
    }
    if "immediate_action" in expected:
        pairs["action"] = (line.action, expected["immediate_action"] or "")
    if "nvlink_actions" in expected:
        pairs["decoded actions"] = (sorted(line.decoded_actions), sorted(expected["nvlink_actions"]))
    return [f"{name} {got!r}, expected {want!r}" for name, (got, want) in pairs.items() if got != want]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", "replace")
    return (json.loads(line) for line in text.split("\n") if line.strip())


def _codes(folder: Path) -> Iterator[bool]:
    """Whether the product knows each code of the tables of XIDs and SXIDs as they have it."""
    for path in sorted(folder.rglob("xid_catalogue.csv")):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            known = catalogue.xids().get(int(row["code"]))
            told = known and (known.mnemonic, known.action, known.then, str(known.takes))
            yield told == tuple(
                row[name] for name in ("mnemonic", "immediate_action", "investigatory_action", "takes_gpu_or_node")
            )
    for path in sorted(folder.rglob("sxid_catalogue.csv")):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            switch = catalogue.sxids().get(int(row["code"]))
            fatal = (
                "always" if row["always_fatal"] == "true" else "can be" if row["potential_fatal"] == "true" else "no"
            )
            yield switch is not None and (switch.name, switch.fatal) == (row["name"], fatal)


if __name__ == "__main__":
    sys.exit(main())
