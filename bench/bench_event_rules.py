"""How many events a second one core matches against 1,000 rules.

    python bench/bench_event_rules.py

The rules are of the kinds that people write: most name a source and a detail-type and some value of the detail
(exact, prefix, suffix, ignoring case, wildcard, numeric, network, exclusion, `$or`); some watch everything of a source.
Events are JSON texts like CloudTrail's records and alarms' changes of state; one in five has values that no rule knows.
Reported: from the JSON text to the names of the matching rules, and the matching alone; beside them trying every rule.
The last line is JSON.
"""

import json
import random
import time

from trimtab.triggers.patterns.numerals import decode
from trimtab.triggers.patterns.pattern import compile_pattern
from trimtab.triggers.patterns.rule_index import RuleIndex

_RULES = 1_000
_EVENTS = 20_000
_SEED = 7
_SERVICES = [f"aws.service{number}" for number in range(40)]
_CALLS = [
    f"{verb}{noun}" for verb in ("Create", "Update", "Delete", "Put", "Describe") for noun in ("Job", "Model", "Key")
]


def _rule(chance: random.Random, number: int) -> dict[str, object]:
    service = chance.choice(_SERVICES)
    detail: dict[str, object] = {"eventName": [chance.choice(_CALLS)]}
    name = f"team{number % 97}/model{number}"
    kinds = (
        {"requestParameters": {"name": [name]}},
        {"requestParameters": {"name": [{"prefix": f"team{number % 97}/"}]}},
        {"requestParameters": {"name": [{"suffix": f"/model{number}"}]}},
        {"userIdentity": {"userName": [{"equals-ignore-case": f"User{number % 200}"}]}},
        {"requestParameters": {"name": [{"wildcard": f"team{number % 97}/*{number % 10}"}]}},
        {"size": [{"numeric": [">", number * 10, "<=", number * 10 + 500]}]},
        {"sourceIPAddress": [{"cidr": f"10.{number % 250}.0.0/16"}]},
        {"errorCode": [{"exists": False}], "requestParameters": {"name": [{"anything-but": [name]}]}},
        {"$or": [{"errorCode": ["AccessDenied"]}, {"requestParameters": {"name": [name]}}]},
    )
    if number % 50:
        detail |= kinds[number % len(kinds)]
    return {"source": [service], "detail": detail} if number % 50 else {"source": [service]}


def _event(chance: random.Random, number: int) -> bytes:
    known = chance.random() < 0.8
    model = chance.randrange(_RULES)
    detail = {
        "eventVersion": "1.08",
        "eventName": chance.choice(_CALLS),
        "eventSource": "sagemaker.amazonaws.com",
        "sourceIPAddress": f"10.{chance.randrange(256)}.{chance.randrange(256)}.7",
        "userIdentity": {"type": "IAMUser", "userName": f"user{chance.randrange(400)}"},
        "requestParameters": {"name": f"team{model % 97}/model{model}" if known else f"other/{number}"},
        "size": chance.randrange(20_000),
        "requestID": f"{number:032x}",
    }
    if chance.random() < 0.1:
        detail["errorCode"] = "AccessDenied"
    event = {
        "version": "0",
        "id": f"{number:032x}",
        "detail-type": "AWS API Call via CloudTrail",
        "source": chance.choice(_SERVICES) if known else "my.app",
        "account": "123456789012",
        "time": "2026-11-26T09:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }
    return json.dumps(event).encode()


def main() -> None:
    """Measure."""
    chance = random.Random(_SEED)
    patterns = [compile_pattern(json.dumps(_rule(chance, number))) for number in range(_RULES)]
    texts = [_event(chance, number) for number in range(_EVENTS)]
    began = time.process_time()
    index = RuleIndex(enumerate(patterns))
    built_s = time.process_time() - began
    began = time.process_time()
    found = sum(len(index.match(decode(text))) for text in texts)
    whole_s = time.process_time() - began
    events = [decode(text) for text in texts]
    began = time.process_time()
    for event in events:
        index.match(event)
    match_s = time.process_time() - began
    few = events[:100]
    began = time.process_time()
    tried = [[number for number, pattern in enumerate(patterns) if pattern.matches(event)] for event in few]
    tried_s = time.process_time() - began
    assert tried == [index.match(event) for event in few], "the index and the patterns disagree"
    figures = {
        "rules": _RULES,
        "events": _EVENTS,
        "matches_an_event": round(found / _EVENTS, 3),
        "index_build_ms": round(1000 * built_s, 1),
        "events_per_s": round(_EVENTS / whole_s),
        "events_per_s_matching_alone": round(_EVENTS / match_s),
        "events_per_s_without_index": round(len(few) / tried_s),
        "times_faster_than_without": round((len(few) / tried_s) and (_EVENTS / match_s) / (len(few) / tried_s), 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
