"""Event patterns against cases whose outcome AWS has validated.

    python bench/eval_eventbridge_patterns.py ../shared/data/eventbridge_patterns

A case is `<name>.json5` (or .json) with `Event` and `EventPattern`, or a pair of `<name>_event` and `<name>_pattern`
(also `<name>_event_pattern`): a name with _NEG at its end must not match, with _EXC must be rejected, any other must
match. The last line is JSON: `cases`, `wrong` (and the names of the wrong ones).
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from json5_text import to_json

from trimtab.triggers.patterns.numerals import decode
from trimtab.triggers.patterns.pattern import InvalidPattern, checked_pattern
from trimtab.triggers.patterns.rule_index import RuleIndex


class Case(msgspec.Struct):
    """A case: both parts stay text, for the product's own readers."""

    Event: msgspec.Raw
    EventPattern: msgspec.Raw


def outcome(case: Case) -> str:
    """What the product says: match, none or rejected. The index that rules are matched by must say the same."""
    try:
        pattern = checked_pattern(bytes(case.EventPattern))
    except InvalidPattern:
        return "rejected"
    event = decode(bytes(case.Event))
    matches = pattern.matches(event)
    if bool(RuleIndex([("rule", pattern)]).match(event)) != matches:
        return "index and pattern disagree"
    return "match" if matches else "none"


def expected(name: str) -> str:
    """What the name of a case says."""
    parts = name.split("_")
    if "EXC" in parts:
        return "rejected"
    return "none" if "NEG" in parts else "match"


def cases(directory: Path) -> Iterator[tuple[str, Case]]:
    """Every case by its name; of a pair, the pattern's file has the name."""
    texts = {
        file.stem: to_json(file.read_text(encoding="utf-8"))
        for file in sorted(directory.iterdir())
        if file.suffix in (".json5", ".json")
    }
    for name, text in texts.items():
        keys = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if {"Event", "EventPattern"} <= set(keys):
            yield name, Case(keys["Event"], keys["EventPattern"])
        elif "pattern" in name.split("_"):
            plain = name.replace("_pattern", "")
            event = next(
                (one for one in (plain, f"{plain}_event", name.replace("pattern", "event")) if one in texts), ""
            )
            if event and event != name:
                yield name, Case(msgspec.Raw(texts[event].encode()), msgspec.Raw(text.encode()))


def main(directory: Path) -> None:
    """Try every case."""
    wrong = []
    count = 0
    for name, case in cases(directory):
        count += 1
        said = outcome(case)
        if said != expected(name):
            wrong.append(name)
            print(f"{name}: got {said}, expected {expected(name)}")
    print(json.dumps({"cases": count, "wrong": len(wrong), "wrong_cases": wrong}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
