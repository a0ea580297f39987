"""What a target is sent: constants, parts of events, templates."""

import json

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.triggers.inputs import Facts, check_input, render

_EVENT = {
    "id": "e1",
    "source": "my.app",
    "time": "2026-11-26T09:00:00Z",
    "resources": ["arn:one", "arn:two"],
    "detail": {"name": 'a "b"', "n": 300, "big": 3e2, "deep": {"x": [1, {"y": "z"}]}, "a-b": None},
}
_FACTS = Facts("arn:rule/r", "r", json.dumps(_EVENT).encode(), 1_764_000_000_000)


def test_without_more_the_event_itself_is_sent() -> None:
    assert json.loads(render({}, _FACTS)) == _EVENT


def test_a_constant_is_sent_as_it_is() -> None:
    assert render({"Input": '{"a": 1}'}, _FACTS) == '{"a": 1}'


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("$.detail.n", "300"),
        ("$.resources[1]", '"arn:two"'),
        ("$.detail.deep.x[1].y", '"z"'),
        ("$.detail['a-b']", "null"),
        ("$.detail.missing", "{}"),
        ("$.resources[*]", '["arn:one","arn:two"]'),
    ],
)
def test_a_path_sends_a_part(path: str, sent: str) -> None:
    assert render({"InputPath": path}, _FACTS) == sent


def _transformed(template: str, **paths: str) -> str:
    form = {"Id": "1", "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}
    check_input(form)
    return render(form, _FACTS)


def test_inside_quotes_a_variable_is_text_and_outside_a_value() -> None:
    sent = _transformed(
        '{"said": "<name> of <n>", "n": <n>, "deep": <deep>}',
        name="$.detail.name",
        n="$.detail.n",
        deep="$.detail.deep",
    )
    assert json.loads(sent) == {"said": 'a "b" of 300', "n": 300, "deep": {"x": [1, {"y": "z"}]}}


def test_a_missing_variable_is_null_or_nothing() -> None:
    assert json.loads(_transformed('{"a": <x>, "b": "<x>"}', x="$.detail.nowhere")) == {"a": None, "b": ""}


def test_a_template_that_is_a_string_stays_json() -> None:
    assert (
        json.loads(_transformed('"<name> at <time>"', name="$.detail.name", time="$.time"))
        == 'a "b" at 2026-11-26T09:00:00Z'
    )


def test_lines_of_strings_and_other_text_keep_their_form() -> None:
    assert _transformed('"<n> of <name>"\n"<r> too"', n="$.detail.n", name="$.source", r="$.resources") == (
        '"300 of my.app"\n"[arn:one,arn:two] too"'
    )
    assert _transformed("n is <n>!", n="$.detail.n") == "n is 300!"


def test_reserved_variables_tell_of_the_rule_and_the_event() -> None:
    sent = json.loads(
        _transformed(
            '{"rule": "<aws.events.rule-name>", "arn": <aws.events.rule-arn>, "at": <aws.events.event.ingestion-time>,'
            ' "all": <aws.events.event.json>, "head": <aws.events.event>}'
        )
    )
    assert sent["rule"] == "r"
    assert sent["arn"] == "arn:rule/r"
    assert sent["at"] == "2025-11-24T16:00:00Z"
    assert sent["all"] == _EVENT
    assert sent["head"]["detailType"] is None
    assert "detail" not in sent["head"]


@pytest.mark.parametrize(
    "form",
    [
        {"Input": "{", "Id": "1"},
        {"Input": "{}", "InputPath": "$.a", "Id": "1"},
        {"InputPath": "detail", "Id": "1"},
        {"InputTransformer": {"InputTemplate": "<x>"}, "Id": "1"},
        {"InputTransformer": {"InputPathsMap": {"aws.x": "$.a"}, "InputTemplate": "<aws.x>"}, "Id": "1"},
    ],
)
def test_what_cannot_be_used_is_refused(form: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        check_input(form)
