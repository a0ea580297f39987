"""Policies as they are read back, by what AWS recorded."""

import json
from typing import Any

import pytest

from trimtab.logs.resource_policies import normal


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ({"Principal": {"Service": ["a.b"]}}, {"Principal": {"Service": "a.b"}}),
        ({"Principal": {"Service": ["a.b", "c.d"]}}, {"Principal": {"Service": ["a.b", "c.d"]}}),
        ({"Principal": "*", "Action": ["logs:*"]}, {"Principal": "*", "Action": "logs:*"}),
        ({"Resource": [], "Condition": {"x": ["y"]}}, {"Resource": [], "Condition": {"x": ["y"]}}),
    ],
)
def test_a_list_of_one_value_is_read_back_as_the_value(statement: dict[str, Any], read: dict[str, Any]) -> None:
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    assert {"Version": "2012-10-17", "Statement": [read]} == json.loads(normal(json.dumps(policy)))


def test_a_policy_without_a_version_has_the_oldest_and_other_json_stays() -> None:
    assert '{"Version":"2008-10-17","Statement":{"Effect":"Allow"}}' == normal('{"Statement": {"Effect": "Allow"}}')
    assert "[1]" == normal("[1]")
