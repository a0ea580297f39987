"""Event patterns, operator by operator, and the index that must say what each pattern says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.triggers.patterns.numerals import decode
from trimtab.triggers.patterns.pattern import InvalidPattern, Pattern, checked_pattern, compile_pattern
from trimtab.triggers.patterns.rule_index import RuleIndex

_CASES = [
    ("a string", '{"a": ["x"]}', '{"a": "x"}', True),
    ("a string in another case", '{"a": ["x"]}', '{"a": "X"}', False),
    ("one of an array", '{"a": ["x", "y"]}', '{"a": ["z", "y"]}', True),
    ("none of an empty array", '{"a": ["x", {"exists": true}]}', '{"a": []}', False),
    ("null is a value", '{"a": [null]}', '{"a": null}', True),
    ("the word null is another", '{"a": [null]}', '{"a": "null"}', False),
    ("the empty string", '{"a": [""]}', '{"a": ""}', True),
    ("true is not 1", '{"a": [true]}', '{"a": 1}', False),
    ("1 is not true", '{"a": [1]}', '{"a": true}', False),
    ("a number by its text", '{"a": [300]}', '{"a": 300}', True),
    ("the same number written otherwise", '{"a": [300]}', '{"a": 3e2}', True),
    ("a whole number with a point", '{"a": [300.0]}', '{"a": 300}', True),
    ("a fraction written otherwise", '{"a": [3.5]}', '{"a": 3.50}', True),
    ("minus nothing", '{"a": [0]}', '{"a": -0.0}', True),
    ("another number", '{"a": [300]}', '{"a": 300.5}', False),
    ("the text of a number", '{"a": [300]}', '{"a": "300"}', False),
    (
        "digits that no double has, by their text",
        '{"a": [0.12345678901234567890]}',
        '{"a": 0.12345678901234567890}',
        True,
    ),
    ("digits that no double has, otherwise", '{"a": [0.12345678901234567890]}', '{"a": 0.1234567890123456789}', False),
    ("beyond doubles, by its text", '{"a": [1e400]}', '{"a": 1e400}', True),
    ("beyond doubles, otherwise", '{"a": [1e400]}', '{"a": 10e399}', False),
    ("300 digits", '{"a": [%s]}' % ("7" * 300), '{"a": %s}' % ("7" * 300), True),
    ("one of 300 digits is another", '{"a": [%s]}' % ("7" * 300), '{"a": %s8}' % ("7" * 299), False),
    ("sixteen digits", '{"a": [0.1000000000000001]}', '{"a": 0.1}', False),
    ("numeric of five digits after the point", '{"a": [{"numeric": ["=", 0.30001]}]}', '{"a": 0.300010}', True),
    ("numeric knows the sixth digit", '{"a": [{"numeric": ["=", 0.300001]}]}', '{"a": 0.300002}', False),
    ("numeric of what no double has", '{"a": [{"numeric": [">", 0]}]}', '{"a": 0.12345678901234567890}', False),
    ("anything but the number written otherwise", '{"a": [{"anything-but": [300]}]}', '{"a": 3.0e2}', False),
    ("a large whole number", '{"a": [123456789012345678901234]}', '{"a": 123456789012345678901234}', True),
    ("prefix", '{"a": [{"prefix": "ab"}]}', '{"a": "abc"}', True),
    ("prefix of a number", '{"a": [{"prefix": "1"}]}', '{"a": 12}', False),
    ("empty prefix is any string", '{"a": [{"prefix": ""}]}', '{"a": ""}', True),
    ("prefix ignoring case", '{"a": [{"prefix": {"equals-ignore-case": "AB"}}]}', '{"a": "abc"}', True),
    ("suffix", '{"a": [{"suffix": ".png"}]}', '{"a": "x.png"}', True),
    ("suffix ignoring case", '{"a": [{"suffix": {"equals-ignore-case": ".PNG"}}]}', '{"a": "x.pnG"}', True),
    ("suffix longer than the value", '{"a": [{"suffix": "abc"}]}', '{"a": "bc"}', False),
    ("ignoring case", '{"a": [{"equals-ignore-case": "ALICE"}]}', '{"a": "alIce"}', True),
    ("wildcard", '{"a": [{"wildcard": "d*/f*.png"}]}', '{"a": "dir/file.png"}', True),
    ("wildcard does not overlap", '{"a": [{"wildcard": "ab*ba"}]}', '{"a": "aba"}', False),
    ("wildcard takes middles in order", '{"a": [{"wildcard": "*x*y*"}]}', '{"a": "y x"}', False),
    ("an escaped star", r'{"a": [{"wildcard": "a\\*b"}]}', '{"a": "a*b"}', True),
    ("an escaped star is only a star", r'{"a": [{"wildcard": "a\\*b"}]}', '{"a": "axb"}', False),
    ("anything but", '{"a": [{"anything-but": "x"}]}', '{"a": "y"}', True),
    ("anything but, of null", '{"a": [{"anything-but": ["x", "y"]}]}', '{"a": null}', True),
    ("anything but, missing", '{"a": [{"anything-but": "x"}]}', '{"b": 1}', False),
    ("anything but a number", '{"a": [{"anything-but": [100]}]}', '{"a": 1e2}', False),
    ("anything but a prefix", '{"a": [{"anything-but": {"prefix": ["in", "po"]}}]}', '{"a": "post"}', False),
    ("anything but a suffix", '{"a": [{"anything-but": {"suffix": ".txt"}}]}', '{"a": "a.png"}', True),
    ("anything but a case", '{"a": [{"anything-but": {"equals-ignore-case": "In"}}]}', '{"a": "iN"}', False),
    ("anything but a wildcard", '{"a": [{"anything-but": {"wildcard": "*/x/*"}}]}', '{"a": "a/x/b"}', False),
    ("anything but, of an array with another", '{"a": [{"anything-but": "x"}]}', '{"a": ["x", "y"]}', True),
    ("numeric", '{"a": [{"numeric": [">", 0, "<=", 5]}]}', '{"a": 5}', True),
    ("numeric, open end", '{"a": [{"numeric": [">", 0, "<", 5]}]}', '{"a": 5}', False),
    ("numeric is of the size", '{"a": [{"numeric": ["=", 301.8]}]}', '{"a": 3.018e2}', True),
    ("numeric of a string", '{"a": [{"numeric": [">", 1]}]}', '{"a": "3"}', False),
    ("numeric beyond the range", '{"a": [{"numeric": [">", 1]}]}', '{"a": 5000000001}', False),
    ("network", '{"a": [{"cidr": "10.0.0.0/24"}]}', '{"a": "10.0.0.255"}', True),
    ("network of all", '{"a": [{"cidr": "10.0.0.0/0"}]}', '{"a": "192.168.7.1"}', True),
    ("network given by one of its addresses", '{"a": [{"cidr": "10.0.0.77/24"}]}', '{"a": "10.0.0.1"}', True),
    ("an address written otherwise", '{"a": ["::1"]}', '{"a": "0:0:0:0:0:0:0:1"}', True),
    ("an address of version 4 within 6", '{"a": ["10.0.0.1"]}', '{"a": "::ffff:a00:1"}', True),
    ("an address with noughts", '{"a": ["10.0.0.1"]}', '{"a": "10.0.0.01"}', True),
    ("what looks like an address", '{"a": ["10.0.0.300"]}', '{"a": "10.0.0.300"}', True),
    ("network of version 6", '{"a": [{"cidr": "2001:db8::/32"}]}', '{"a": "2001:0db8:1::9"}', True),
    ("outside of the network", '{"a": [{"cidr": "10.0.0.0/24"}]}', '{"a": "10.0.1.0"}', False),
    ("exists", '{"a": {"b": [{"exists": true}]}}', '{"a": {"b": null}}', True),
    ("exists is of leaves", '{"a": [{"exists": true}]}', '{"a": {"b": 1}}', False),
    ("absent", '{"a": {"b": [{"exists": false}]}}', '{"a": {"c": 1}}', True),
    ("absent or a value", '{"a": ["x", {"exists": false}]}', '{"b": 1}', True),
    ("absent or a value, another", '{"a": ["x", {"exists": false}]}', '{"a": "y"}', False),
    ("or", '{"$or": [{"a": ["x"]}, {"b": ["y"]}]}', '{"b": "y"}', True),
    ("or, and what stands beside it", '{"c": [1], "$or": [{"a": ["x"]}, {"b": ["y"]}]}', '{"b": "y"}', False),
    ("the last of a repeated key", '{"a": ["x"], "a": ["y"]}', '{"a": "x"}', False),
    ("the last of an event's repeated key", '{"a": ["y"]}', '{"a": "x", "a": "y"}', True),
    ("keys with dots", '{"a": {"b": ["x"]}}', '{"a.b": "x"}', True),
    ("pattern keys with dots", '{"a.b": ["x"]}', '{"a": {"b": "x"}}', True),
    ("fields of one element", '{"a": {"b": [1], "c": [2]}}', '{"a": [{"b": 1, "c": 2}]}', True),
    ("fields of two elements", '{"a": {"b": [1], "c": [2]}}', '{"a": [{"b": 1}, {"c": 2}]}', False),
]


@pytest.mark.parametrize(
    ("pattern", "event", "matches"), [case[1:] for case in _CASES], ids=[case[0] for case in _CASES]
)
def test_a_pattern_matches(pattern: str, event: str, matches: bool) -> None:
    compiled = compile_pattern(pattern)
    assert compiled.matches(decode(event)) is matches
    assert bool(RuleIndex([("rule", compiled)]).match(decode(event))) is matches


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[]", "Filter is not an object"),
        ("{", "JSON"),
        ("{}", "Empty objects are not allowed"),
        ('{"a": 1}', '"a" must be an object or an array'),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": [["x"]]}', "Match value must be"),
        ('{"a": [{"PREFIX": "x"}]}', "Unrecognized match type PREFIX"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key allowed in match expression"),
        ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters at pos 2"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 2"),
        ('{"a": [{"anything-but": ["x", 1]}]}', "mixed type is not supported"),
        ('{"a": [{"anything-but": {"suffix": ""}}]}', "Null prefix/suffix not allowed"),
        ('{"a": [{"anything-but": null}]}', "Value of anything-but must be an array or single string/number value."),
        ('{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}', "anything-but must be an array"),
        ('{"a": [{"anything-but": {"numeric": 1}}]}', "Unsupported anything-but pattern: numeric"),
        ('{"a": [{"numeric": 1}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": [">", 0, "<"]}]}', "Value of < must be numeric"),
        ('{"a": [{"numeric": [">", 5000000001]}]}', "between -5.0E9 and 5.0E9"),
        ('{"a": [{"numeric": ["<", 1, ">", 0]}]}', "Too many elements in numeric expression"),
        ('{"a": [{"cidr": "10.0.0.0"}]}', "Malformed CIDR"),
        ('{"a": [{"cidr": "10.0.0.0/x"}]}', "mask bits must be an integer"),
        ('{"a": [{"cidr": "10.0.0.0/-1"}]}', "mask bits must not be negative"),
        ('{"a": [{"cidr": "10.0.0.0/32"}]}', "IPv4 mask bits must be < 32"),
        ('{"a": [{"cidr": "::1/128"}]}', "IPv6 mask bits must be < 128"),
        ('{"a": [{"cidr": "10.0.0/8"}]}', "Nonstandard IP address: 10.0.0"),
        ('{"a": [{"numeric": ["=", 0.12345678901234567890]}]}', "Cannot compare number : 0.12345678901234567890"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"$or": [{"a": [1]}]}', "at least 2 Objects"),
        ('{"$or": {"a": [1]}}', "It must be an Array followed with $or."),
        ('{"$or": [{"prefix": [1]}, {"a": [1]}]}', "reserved fieldName"),
    ],
)
def test_a_pattern_is_rejected_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(pattern)
    assert str(caught.value).startswith("Event pattern is not valid. Reason: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "column"),
    [
        ('{"int": 42}', 11),
        ('{"string": "my-value"}', 13),
        ('{"resources": []}', 17),
        ('["a"]', 2),
        ('{"my_key": [{"EXISTS": true}]}', 28),
        ('{"time": [{"prefix": ["2022-07-13"]}]}', 23),
        ('{"detail": {"c-count": [{"numeric": [">", 0, "<"]}]}}', 50),
        ('{"detail": {"FileName": [{"anything-but": {"suffix": ""}}]}}', 56),
        ('{"detail": {"FileName": [{"anything-but": {"prefix": {"equals-ignore-case": "file"}}}]}}', 55),
        ('{"detail": {"FileName": ["[:,]", {"suffix": "a"}, {"suffix": 1}]}}', 63),
        ('{"$or": [{"a": [1]}, {"b": 2}]}', 29),
        ('{"a": [{"wildcard": "\\"**"}]}', 27),
        ('{"b": [1], "a": [1], "b": 1}', 28),
    ],
)
def test_a_rejection_tells_where_the_pattern_is_wrong(pattern: str, column: int) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(pattern)
    assert f' at [Source: (String)"{pattern}"; line: 1, column: {column}]' == str(caught.value).split("\n", 1)[1]


def test_where_is_told_by_line_and_of_a_long_pattern_by_its_beginning() -> None:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(b'{\n  "a": [],\n"b": [1]}')
    assert str(caught.value).endswith("line: 2, column: 10]")
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern('{"' + "a" * 600 + '": 1}')
    assert str(caught.value).endswith('a"[truncated 107 chars]; line: 1, column: 607]')


@pytest.mark.parametrize("condition", ['{"cidr": "1.2.3/8"}', '{"numeric": ["=", 5000000001]}'])
def test_of_addresses_and_numbers_no_place_is_told(condition: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(f'{{"a": [{condition}]}}')
    assert "Source" not in str(caught.value)


def test_or_makes_at_most_a_thousand_combinations() -> None:
    ten = [{f"k{number}": ["x"]} for number in range(10)]
    inside = json.dumps({"a": {"$or": ten}, "b": {"$or": ten}, "c": {"$or": ten}})
    assert len(compile_pattern(inside).alternatives) == 1000
    with pytest.raises(InvalidPattern, match="more than 1000"):
        compile_pattern(json.dumps({"a": {"$or": ten}, "b": {"$or": ten}, "c": {"$or": [*ten, {"z": [1]}]}}))


_WORDS = st.sampled_from(["", "a", "ab", "B", "10.0.0.1", "10.0.3.7", "x/y/z", "*"])
_NUMBERS = st.integers(-3, 6) | st.sampled_from([0.5, 3.0, 5e9])
_TEXT_OPERATORS = st.sampled_from(["prefix", "suffix", "equals-ignore-case", "wildcard"])
_EXPRESSIONS = st.one_of(
    st.builds(lambda name, text: {name: text}, _TEXT_OPERATORS, _WORDS),
    st.builds(lambda name, text: {"anything-but": {name: text or "a"}}, _TEXT_OPERATORS, _WORDS),
    st.builds(lambda texts: {"anything-but": texts}, st.lists(_WORDS, min_size=1, max_size=3)),
    st.builds(lambda numbers: {"anything-but": numbers}, st.lists(_NUMBERS, min_size=1, max_size=3)),
    st.builds(lambda low, width: {"numeric": [">=", low, "<", low + width]}, st.integers(-3, 3), st.integers(0, 4)),
    st.builds(lambda name, number: {"numeric": [name, number]}, st.sampled_from(["=", "<", ">", "<=", ">="]), _NUMBERS),
    st.builds(lambda bits: {"cidr": f"10.0.0.0/{bits}"}, st.integers(8, 31)),
    st.builds(lambda there: {"exists": there}, st.booleans()),
)
_VALUES = st.lists(_WORDS | _NUMBERS | st.none() | st.booleans() | _EXPRESSIONS, min_size=1, max_size=3)
_KEYS = st.sampled_from(["a", "b", "c"])
_PATTERNS = st.recursive(
    st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=3),
    lambda inner: (
        st.dictionaries(_KEYS, _VALUES | inner, min_size=1, max_size=3)
        | st.builds(lambda left, right: {"$or": [left, right]}, inner, inner)
    ),
    max_leaves=4,
)
_LEAVES = _WORDS | _NUMBERS | st.none() | st.booleans()
_EVENTS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "a.b", "d"]),
    st.recursive(
        _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=6
    ),
    max_size=4,
)


@given(st.lists(_PATTERNS, min_size=1, max_size=12), st.lists(_EVENTS, min_size=1, max_size=4))
def test_the_index_says_what_each_pattern_says(patterns: list[object], events: list[object]) -> None:
    compiled: list[tuple[int, Pattern]] = []
    for number, document in enumerate(patterns):
        compiled.append((number, compile_pattern(json.dumps(document))))
    index = RuleIndex(compiled)
    for event in (decode(json.dumps(one)) for one in events):
        assert [number for number, pattern in compiled if pattern.matches(event)] == index.match(event)


def test_the_index_says_it_of_many_rules() -> None:
    documents = [
        {
            "source": [f"s{n % 7}"],
            "detail": {"id": [f"i{n}"] if n % 3 else [{"prefix": f"i{n % 10}"}], "n": [{"exists": n % 2 == 0}]},
        }
        for n in range(400)
    ]
    compiled = [(number, compile_pattern(json.dumps(one))) for number, one in enumerate(documents)]
    index = RuleIndex(compiled)
    for n in range(60):
        event = decode(json.dumps({"source": f"s{n % 7}", "detail": {"id": f"i{n}", **({"n": 1} if n % 5 else {})}}))
        assert [number for number, pattern in compiled if pattern.matches(event)] == index.match(event)


def test_the_validated_cases_come_out_right() -> None:
    directory = Path(__file__).parents[4] / "shared/data/eventbridge_patterns"
    if not directory.is_dir():
        pytest.skip("../shared/data/eventbridge_patterns is not here")
    script = Path(__file__).parents[3] / "bench/eval_eventbridge_patterns.py"
    done = subprocess.run([sys.executable, script, directory], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["wrong_cases"] == []
    assert found["cases"] >= 70


def _wild(*texts: str) -> str:
    return json.dumps({"a": [{"wildcard": text} for text in texts]})


@pytest.mark.parametrize(
    "pattern",
    [
        _wild("*:*:*:*:*:event-bus/*"),  # the guide's example of one that is to be made simpler
        _wild("*/in/*.bif", "*/in/*.tiff", "*/in/*.tif", "*/in/*.svs"),  # this and the next as users told of them
        _wild("*:stack/A/*", "*:stack/B/*", "*:stack/C/*", "*:stack/D/*"),
        _wild("*" + "/ab" * 11),
        json.dumps({"a": [{"anything-but": {"wildcard": ["*:*:*:*:*:*", "x"]}}]}),
        json.dumps({"$or": [{"b": [1]}, {"a": [{"wildcard": "*-*-*-*-*-*-*"}]}]}),
    ],
)
def test_wildcards_in_too_many_places_at_once_are_refused(pattern: str) -> None:
    compile_pattern(pattern)  # one that is kept from before still holds
    with pytest.raises(InvalidPattern, match="Rule is too complex - try using fewer wildcard characters"):
        checked_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        _wild("arn:aws:events:us-east-1:*:event-bus/*"),
        _wild("/Users/*/dir/dir/dir/dir/dir/doc.txt"),
        _wild("*.bif", "*.tiff", "*.tif", "*.svs"),
        _wild("*/in/*.bif", "*/in/*.tiff"),
        _wild("*:stack/A/*", "*:stack/B/*", "*:stack/C/*"),
        _wild("*" + "".join(map(chr, range(0x100, 0x180)))),
        _wild("", "*", "a", "plain text of some length"),
        json.dumps({"a": ["x"] * 40 + [{"prefix": "p"}] * 40}),
    ],
)
def test_wildcards_that_users_have_are_taken(pattern: str) -> None:
    checked_pattern(pattern)
