"""Answers of the cost and usage APIs of LLM vendors (JSON pages of buckets of results) as a CSV for their reader.

A page is at most 180 buckets of a few results each, so this is no hot path. Anthropic gives cost in the currency's
lowest unit (cents) as decimal text; OpenAI in the currency itself. Source: both vendors' API references.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.costs.files.probe import legible, open_text
from trimtab.costs.files.unpack import PlainFile

_TOKENS = ("input_tokens", "output_tokens", "uncached_input_tokens", "cache_read_input_tokens")
"""Counts that add up: OpenAI's `input_cached_tokens` are inside `input_tokens`, Anthropic's cached ones are beside."""
_WRITTEN = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
"""Anthropic's tokens that were written to a cache, in `cache_creation`."""
_MINOR = Decimal("0.01")


def flatten(file: PlainFile, target: Path) -> PlainFile:
    """Write the results in `file` to `target` as CSV. Raises InvalidInput where it is no such answer."""
    rows = [row for page in _pages(file) for row in _rows(page, file.shown)]
    if not rows:
        raise InvalidInput(f"cannot import {file.shown}: it has no results; expected pages with data and results")
    names = list(dict.fromkeys(name for row in rows for name in row))
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return PlainFile(target, file.shown)


def has_results(file: PlainFile) -> bool:
    """Whether `file` is an answer of such an API."""
    return any(row for page in _pages(file) for row in _rows(page, file.shown))


def _pages(file: PlainFile) -> Iterator[Mapping[str, Any]]:
    """The pages: one document, a list of them, or one a line. Numbers stay exact."""
    with legible(file), open_text(file.path) as text:
        content = text.read()
    try:
        loaded = json.loads(content, parse_float=Decimal)
        documents = loaded if isinstance(loaded, list) else [loaded]
    except ValueError:
        try:
            documents = [json.loads(line, parse_float=Decimal) for line in content.splitlines() if line.strip()]
        except ValueError as problem:
            raise InvalidInput(f"cannot import {file.shown}: it is not JSON ({problem})") from None
    for document in documents:
        if not isinstance(document, dict):
            raise InvalidInput(f"cannot import {file.shown}: expected objects, got {type(document).__name__}")
        yield document


def _rows(page: Mapping[str, Any], shown: str) -> Iterator[dict[str, str]]:
    buckets = page.get("data", [page])
    for bucket in buckets if isinstance(buckets, list) else []:
        if not isinstance(bucket, dict):
            continue
        results = bucket.get("results", bucket.get("result", []))
        for result in results if isinstance(results, list) else []:
            if not isinstance(result, dict):
                continue
            yield _row(bucket, result, shown)


def _row(bucket: Mapping[str, Any], result: Mapping[str, Any], shown: str) -> dict[str, str]:
    row = {
        "start_time": str(bucket.get("start_time", bucket.get("starting_at", ""))),
        "end_time": str(bucket.get("end_time", bucket.get("ending_at", ""))),
    }
    row |= {key: str(value) for key, value in result.items() if isinstance(value, str | int | Decimal) and value != ""}
    amount = result.get("amount")
    if isinstance(amount, Mapping):  # OpenAI: {"value": 0.06, "currency": "usd"}
        row["amount_value"] = str(amount.get("value", ""))
        row["amount_currency"] = str(amount.get("currency", "usd"))
        row.pop("amount", None)
    elif amount is not None:
        try:
            row["amount"] = f"{Decimal(str(amount)) * _MINOR:f}"
        except InvalidOperation:
            raise InvalidInput(f"cannot import {shown}: amount {amount!r} is no number") from None
    written = result.get("cache_creation")
    counted = {**(written if isinstance(written, Mapping) else {}), **result}
    tokens = [int(counted[name]) for name in (*_TOKENS, *_WRITTEN) if isinstance(counted.get(name), int)]
    if tokens and "quantity" not in row:
        row["quantity"] = str(sum(tokens))
    return row
