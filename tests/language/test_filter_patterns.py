"""Runs filter_patterns.test: against the predicate, and all patterns against the engine at once."""

from pathlib import Path

import pytest
from tests.language.expression_notation import Block, blocks

from trimtab.base.errors import InvalidInput
from trimtab.logs.filters.condition import condition
from trimtab.logs.filters.match import matcher

BLOCKS = list(blocks(Path(__file__).parent / "filter_patterns.test"))


@pytest.mark.parametrize("block", BLOCKS, ids=[f"{block.line}: {block.text}" for block in BLOCKS])
def test_filter_patterns(block: Block) -> None:
    if block.command == "fail":
        for read in (matcher, condition):
            with pytest.raises(InvalidInput) as problem:
                read(block.text)
            assert block.lines[0] in str(problem.value)
        return
    match = matcher(block.text)
    for line in block.lines:
        wanted, _, message = line.partition(" ")
        assert (match(message.strip()) is not None) == (wanted == "yes"), line
