"""Search tokens, as CloudWatch's SEARCH splits text."""

import pytest

from trimtab.metrics.tokens import tokens_of, words_of


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("CPUUtilization", {"cpuutilization", "cpu", "utilization"}),
        ("NetworkOut2xx", {"networkout2xx", "network", "out", "2", "xx"}),
        ("AWS/EC2", {"aws", "ec2", "ec", "2"}),
        ("i-0ab12", {"i", "0ab12", "0", "ab", "12"}),
        ("node_cpu_seconds_total", {"node", "cpu", "seconds", "total"}),
        ("température", {"température", "temp", "é", "rature"}),
        ("", set()),
        ("--", set()),
    ],
)
def test_text_is_split_at_case_digits_and_signs(text: str, tokens: set[str]) -> None:
    assert tokens == tokens_of(text)


def test_a_word_of_a_search_is_whole_or_its_parts() -> None:
    assert [("networkout", ("network", "out")), ("ec2", ("ec", "2"))] == words_of("NetworkOut ec2")
