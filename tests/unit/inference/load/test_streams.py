"""Reading streamed completions."""

import json

from trimtab.inference.load.outcome import Outcome
from trimtab.inference.load.protocols import Stream


def _event(**delta: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n"


def test_first_token_gaps_and_tokens_are_told() -> None:
    stream = Stream()
    stream.feed(_event(role="assistant"), 1.0)
    stream.feed(_event(content="a") + _event(content="b")[:9], 1.5)
    stream.feed(_event(content="b")[9:], 1.75)
    stream.feed(_event(content="c") + b"data: [DONE]\n\n", 2.0)
    outcome = Outcome(2.0)
    stream.finish(outcome)
    assert (1.5, 3, (250_000, 250_000), "") == (outcome.first_s, outcome.tokens, outcome.gaps_us, outcome.problem)


def test_the_usage_says_how_many_tokens_where_it_is_sent() -> None:
    stream = Stream()
    stream.feed(_event(content="several words at once"), 1.0)
    stream.feed(b'data: {"choices":[],"usage":{"completion_tokens":7}}\r\n\r\n', 1.1)
    outcome = Outcome(1.1)
    stream.finish(outcome)
    assert 7 == outcome.tokens


def test_a_stream_without_a_token_is_no_answer() -> None:
    outcome = Outcome(1.0)
    Stream().finish(outcome)
    assert "no tokens" == outcome.problem
