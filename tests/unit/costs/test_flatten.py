"""Answers of vendors' usage APIs laid flat: how many tokens a row has, each counted once."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from trimtab.costs.files.flatten import flatten
from trimtab.costs.files.unpack import PlainFile

OPENAI = {"object": "organization.usage.completions.result", "input_tokens": 1000, "output_tokens": 500,
          "input_cached_tokens": 800, "num_model_requests": 5, "model": "gpt-4o"}  # fmt: skip
ANTHROPIC = {"uncached_input_tokens": 1500, "cache_read_input_tokens": 200, "output_tokens": 500,
             "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500}}  # fmt: skip


@pytest.mark.parametrize(("result", "tokens"), [(OPENAI, "1500"), (ANTHROPIC, "3700")])
def test_cached_tokens_are_counted_once_as_each_vendor_tells_them(
    result: dict[str, Any], tokens: str, tmp_path: Path
) -> None:
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"data": [{"start_time": 1, "end_time": 2, "results": [result]}]}))
    flat = flatten(PlainFile(page, "page.json"), tmp_path / "flat.csv")
    (row,) = csv.DictReader(flat.path.read_text().splitlines())
    assert tokens == row["quantity"]
