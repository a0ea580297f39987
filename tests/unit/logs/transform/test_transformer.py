"""Transformers: lines as AWS's services and programs write them, and what processors make of them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.logs.model import Group, LogBatch, LogEvent, Stream
from trimtab.logs.transform.places import NotTransformedError
from trimtab.logs.transform.transformer import read_document, read_transformer, transformed

JSON: dict[str, Any] = {"parseJSON": {}}
NESTED = '{"outer": {"inner": "  Value ", "n": "200", "old": 1}, "list": [{"k": "a", "v": 1}, {"k": "a", "v": 2}]}'


def made(line: str, *processors: dict[str, Any]) -> dict[str, Any]:
    return read_transformer(processors).apply(line, {"@accountId": "123456789012", "@regionName": "us-east-1"})


@pytest.mark.parametrize(
    ("processor", "line", "expected"),
    [
        ({"parseJSON": {"destination": "all"}}, '{"a": 1}', {"all": {"a": 1}}),
        ({"csv": {"columns": ["a", "b"]}}, "Akron,'x y',7", {"a": "Akron", "b": "'x y'", "column_3": "7"}),
        ({"csv": {"delimiter": "\\t", "quoteCharacter": "'"}}, "'a\tb'\tc", {"column_1": "a\tb", "column_2": "c"}),
        (
            {"parseKeyValue": {"fieldDelimiter": " ", "keyPrefix": "p_", "nonMatchValue": "-"}},
            "a=1 b c=x=y",
            {"p_a": "1", "p_b": "-", "p_c": "x=y"},
        ),
        (
            {"grok": {"match": "%{IPORHOST:client.ip} %{WORD:verb} %{NUMBER:ms:double}"}},
            "10.0.0.1 GET 0.25",
            {"client": {"ip": "10.0.0.1"}, "verb": "GET", "ms": 0.25},
        ),
        (
            {"grok": {"match": "%{COMMONAPACHELOG}"}},
            '127.0.0.1 - bob [03/Aug/2023:12:34:56 +0000] "GET /a HTTP/1.1" 200 1234',
            {
                "clientip": "127.0.0.1", "ident": "-", "auth": "bob", "timestamp": "03/Aug/2023:12:34:56 +0000",
                "verb": "GET", "request": "/a", "httpversion": "1.1", "response": "200", "bytes": "1234",
            },
        ),
        (
            {"parseVPC": {}},
            "2 123456789010 eni-1 10.0.0.1 10.0.0.2 443 5 6 20 4249 1418530010 1418530070 ACCEPT OK",
            {
                "version": 2, "accountId": 123456789010, "interfaceId": "eni-1", "srcAddr": "10.0.0.1",
                "dstAddr": "10.0.0.2", "srcPort": 443, "dstPort": 5, "protocol": 6, "packets": 20, "bytes": 4249,
                "start": 1418530010, "end": 1418530070, "action": "ACCEPT", "logStatus": "OK",
            },
        ),
        (
            {"parsePostgres": {}},
            "2019-03-10 03:54:59 UTC:10.0.0.123(52834):me@logs:[20175]:ERROR: column x does not exist",
            {
                "logTime": "2019-03-10 03:54:59 UTC", "srcIp": "10.0.0.123", "srcPort": 52834, "userName": "me",
                "dbName": "logs", "processId": 20175, "logLevel": "ERROR", "message": "column x does not exist",
            },
        ),
        (
            {"parseWAF": {}},
            '{"httpRequest": {"headers": [{"name": "Host", "value": "h"}]}, "labels": [{"name": "bot"}]}',
            {"httpRequest": {"headers": {"Host": "h"}}, "labels": ["bot"]},
        ),
    ],
)  # fmt: skip
def test_a_parser_makes_fields_of_a_line(processor: dict[str, Any], line: str, expected: dict[str, Any]) -> None:
    assert expected == made(line, processor)


@pytest.mark.parametrize(
    ("processor", "place", "expected"),
    [
        ({"trimString": {"withKeys": ["outer.inner", "none"]}}, "outer.inner", "Value"),
        ({"lowerCaseString": {"withKeys": ["outer.inner"]}}, "outer.inner", "  value "),
        ({"upperCaseString": {"withKeys": ["outer.inner"]}}, "outer.inner", "  VALUE "),
        ({"splitString": {"entries": [{"source": "outer.n", "delimiter": "0"}]}}, "outer.n", ["2", "", ""]),
        (
            {"substituteString": {"entries": [{"source": "outer.inner", "from": "V(al).e", "to": "<$1>\\1"}]}},
            "outer.inner",
            "  <al>\\1 ",
        ),
        ({"addKeys": {"entries": [{"key": "outer.new", "value": "x"}]}}, "outer.new", "x"),
        ({"addKeys": {"entries": [{"key": "outer.n", "value": "x"}]}}, "outer.n", "200"),
        ({"addKeys": {"entries": [{"key": "outer.n", "value": "x", "overwriteIfExists": True}]}}, "outer.n", "x"),
        ({"deleteKeys": {"withKeys": ["outer", "none"]}}, "outer", None),
        ({"moveKeys": {"entries": [{"source": "outer.n", "target": "to"}]}}, "to", {"n": "200"}),
        ({"renameKeys": {"entries": [{"key": "outer.n", "renameTo": "outer.old"}]}}, "outer.old", 1),
        (
            {"renameKeys": {"entries": [{"key": "outer.n", "renameTo": "outer.old", "overwriteIfExists": True}]}},
            "outer",
            {"inner": "  Value ", "old": "200"},
        ),
        ({"copyValue": {"entries": [{"source": "@accountId", "target": "account"}]}}, "account", "123456789012"),
        ({"copyValue": {"entries": [{"source": "list.1.v", "target": "second"}]}}, "second", 2),
        ({"listToMap": {"source": "list", "key": "k", "valueKey": "v", "target": "map"}}, "map", {"a": [1, 2]}),
        (
            {"listToMap": {"source": "list", "key": "k", "valueKey": "v", "flatten": True, "flattenedElement": "last"}},
            "a",
            2,
        ),
        ({"typeConverter": {"entries": [{"key": "outer.n", "type": "integer"}]}}, "outer.n", 200),
        ({"typeConverter": {"entries": [{"key": "outer.old", "type": "boolean"}]}}, "outer.old", True),
        ({"typeConverter": {"entries": [{"key": "outer.old", "type": "string"}]}}, "outer.old", "1"),
    ],
)
def test_a_mutator_changes_fields(processor: dict[str, Any], place: str, expected: Any) -> None:
    found: Any = made(NESTED, JSON, processor)
    for key in place.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    assert expected == found


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ({"matchPatterns": ["EEE MMM dd yyyy"]}, "Mon Oct 02 2023", "2023-10-02T00:00:00.000Z"),
        ({"matchPatterns": ["yyyy", "dd/MMM/yyyy:HH:mm:ss Z"]}, "3/Aug/2023:2:34:56 +0200", "2023-08-03T00:34:56.000Z"),
        (
            {"matchPatterns": ["yyyy-MM-dd hh:mm a"], "sourceTimezone": "America/New_York", "targetFormat": "HH:mm XXX",
             "targetTimezone": "Asia/Tokyo"},
            "2023-01-02 01:30 PM",
            "03:30 +09:00",
        ),
        ({"matchPatterns": ["epoch"], "targetFormat": "yyyy 'at' MMMM d"}, "1696204800000", "2023 at October 2"),
        ({"matchPatterns": ["epoch"], "targetFormat": "yy-M-d"}, "1696204800", "23-10-2"),
    ],
)  # fmt: skip
def test_times_are_written_anew(form: dict[str, Any], text: str, expected: str) -> None:
    converter = {"dateTimeConverter": {"source": "t", "target": "u", **form}}
    assert expected == made(json.dumps({"t": text}), JSON, converter)["u"]


@pytest.mark.parametrize(
    ("processors", "line", "told"),
    [
        ([JSON], "no JSON", "the text is not JSON"),
        ([JSON], "[1]", "no JSON object"),
        ([{"grok": {"match": "%{INT:n}$"}}], "x", "does not match the grok pattern"),
        ([{"parseVPC": {}}], "2 3", "got 2 columns; expected 14"),
        ([{"csv": {}}, {"parseJSON": {"source": "none"}}], "a", "there is no text at none"),
        ([JSON, {"typeConverter": {"entries": [{"key": "a", "type": "integer"}]}}], '{"a": "x"}', "make integer"),
        ([JSON, {"addKeys": {"entries": [{"key": "a.b", "value": "x"}]}}], '{"a": 1}', "a is no object"),
        (
            [JSON, {"dateTimeConverter": {"source": "a", "target": "a", "matchPatterns": ["yyyy"]}}],
            '{"a": "soon"}',
            "cannot read the time 'soon'",
        ),
    ],
)  # fmt: skip
def test_a_line_that_does_not_fit_says_why(processors: Sequence[dict[str, Any]], line: str, told: str) -> None:
    with pytest.raises(NotTransformedError, match=told):
        made(line, *processors)


@pytest.mark.parametrize(
    ("processors", "told"),
    [
        ([], "the first processor must be a parser"),
        ([{"addKeys": {"entries": []}}], "the first processor must be a parser"),
        ([{}], "expected exactly one of its members"),
        ([JSON, {"parseVPC": {}}], "must be the first processor"),
        ([JSON] * 6, "at most 5 parsers"),
        ([JSON, *[{"grok": {"match": "%{INT:n}", "source": "a"}}] * 2], "at most one grok"),
        ([{"grok": {"match": "%{NOPE:n}"}}], "there is no pattern NOPE"),
        ([{"grok": {"match": "%{INT}"}}], "it names no field"),
        ([JSON, {"substituteString": {"entries": [{"source": "a", "from": "(", "to": ""}]}}], "use the expression"),
        ([JSON, {"deleteKeys": {"withKeys": ["a.b.c.d"]}}], "joined by dots"),
        ([{"csv": {"delimiter": "ab"}}], "expected one character"),
        ([JSON, {"listToMap": {"source": "a", "key": "b", "flatten": True}}], "flatten needs flattenedElement"),
        ([JSON, {"dateTimeConverter": {"source": "a", "target": "b", "matchPatterns": ["HH HH"]}}], "a part twice"),
        ([JSON, {"dateTimeConverter": {"source": "a", "target": "b", "matchPatterns": ["Q"]}}], "by the letter Q"),
        (
            [JSON, {"dateTimeConverter": {"source": "a", "target": "b", "matchPatterns": ["yyyy"],
                                          "targetTimezone": "Mars/Olympus"}}],
            "cannot use the time zone",
        ),
        ([{"parseToOCSF": {}}], "no mapping"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be_says_why(processors: Sequence[dict[str, Any]], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_transformer(processors)


@pytest.mark.parametrize("text", ["{", "1", '[{"grok": {}}]', '[{"parseJSON": 1}]', '["parseJSON"]'])
def test_a_document_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_document(text)


def test_events_keep_their_line_and_have_fields_of_what_it_became() -> None:
    group = Group(1, "123456789012", "us-east-1", "g", 0)
    lines = [
        '{"a": {"b": [1, true]}, "c": "x", "none": null}',
        "oops",
        json.dumps(dict.fromkeys(map(str, range(201)), 1)),
    ]
    batch = LogBatch(group, Stream(1, 1, "s", 0), [LogEvent(1, line, attributes={"own": "1"}) for line in lines])
    where = {"copyValue": {"entries": [{"source": "@logGroupName", "target": "group"}]}}
    good, bad, wide = transformed(batch, read_transformer([JSON, where])).events
    assert lines == [good.message, bad.message, wide.message]
    assert {"own": "1", "a.b.0": "1", "a.b.1": "true", "c": "x", "group": "g"} == good.attributes
    assert {"a": {"b": [1, True]}, "c": "x", "none": None, "group": "g"} == json.loads(good.transformed)
    assert {"own": "1", "@transformationError": "the text is not JSON"} == bad.attributes
    assert (bad.message, good.transformed, good.message) == (bad.seen_by(True), good.seen_by(True), good.seen_by(False))
    assert wide.attributes["@transformationError"].startswith("got 202 fields")
