"""What a visual shows as plain values, for JSON: times in ms, money as text with all its digits; and differences."""

import difflib
from typing import Any

from trimtab.reports.analyses.model import Row, Shown
from trimtab.reports.analyses.words import plain


def document_of(shown: Shown) -> dict[str, Any]:
    """A visual answered, as the REST API's `VisualAnswer` has it."""
    ahead = shown.ahead.steps if shown.ahead else ()
    return {
        "title": shown.title,
        "kind": shown.kind,
        "dataset": shown.dataset,
        "start_ms": shown.start_ms,
        "end_ms": shown.end_ms,
        "dimensions": [
            {"label": one.label, "expression": one.expression, "type": one.type.value, "grain": one.grain}
            for one in shown.dimensions
        ],
        "amounts": [
            {"label": one.label, "expression": one.expression, "type": one.type.value, "unit": one.unit,
             "additive": one.additive}
            for one in shown.amounts
        ],
        "rows": [_row(one) for one in shown.rows],
        "total": _row(shown.total) if shown.total else None,
        "before_ms": list(shown.before or ()),
        "until_ms": dict(shown.until_ms),
        "notes": list(shown.notes),
        "more": shown.more,
        "forecast": [{"start_ms": at, "mean": mean, "low": low, "high": high} for at, mean, low, high in ahead],
        "unusual_ms": sorted(shown.band.outside) if shown.band else [],
    }  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    values = {"values": [plain(one) for one in row.values], "before": [plain(one) for one in row.before]}
    return {"keys": list(row.keys), **values}


def changed(before: str, after: str) -> str:
    """The lines of two specs that differ, as `diff -u` shows them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=2)
    return "\n".join(lines)
