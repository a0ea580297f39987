"""An allocation as people write it, in YAML: read with messages that say where, and written back."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import Tag
from trimtab.economics.months import read_month
from trimtab.economics.rules.check import check
from trimtab.economics.rules.conditions import read_condition, read_facet
from trimtab.economics.rules.model import (
    OTHERS,
    UNOWNED,
    Basis,
    Category,
    CategoryRule,
    FreePolicy,
    RuleSet,
    SharedMachines,
    SharePolicy,
    Split,
    SplitMethod,
    TagPolicy,
    TagRule,
    VirtualTag,
)
from trimtab.inventory.tag_keys import folded

MOST_BYTES = 1 << 20
"""Of a document. AWS allows 500 rules a category; that is some 100 kB."""
_NAME = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,126}[^\s\x00-\x1f])?")


@lru_cache(maxsize=16)
def read_rules(text: str) -> RuleSet:
    """The rule set of a document. Raises InvalidInput that says where it is wrong. The same text is read once."""
    if len(text.encode()) > MOST_BYTES:
        raise InvalidInput(f"cannot read allocation: it has more than {MOST_BYTES} bytes")
    try:
        document = msgspec.yaml.decode(text) if text.strip() else {}
    except msgspec.DecodeError as problem:
        raise InvalidInput(f"cannot read allocation: it is not YAML ({_line(problem)})") from None
    return rules_of({} if document is None else document)


def rules_of(document: Any) -> RuleSet:
    """The rule set of a document that is read already."""
    top = _mapping(document, "allocation", ("basis", "owner", "tags", "policies", "categories", "shared"))
    rules = RuleSet(
        basis=_choice(top.get("basis", "billed"), Basis, "basis"),
        owner=_name(top.get("owner", "team"), "owner"),
        tags=tuple(_tag(one, f"tags[{at}]") for at, one in enumerate(_list(top, "tags"))),
        policies=tuple(_policy(one, f"policies[{at}]") for at, one in enumerate(_list(top, "policies"))),
        categories=tuple(_category(one, f"categories[{at}]") for at, one in enumerate(_list(top, "categories"))),
        shared=tuple(_shared(one, f"shared[{at}]") for at, one in enumerate(_list(top, "shared"))),
    )
    if rules.owner == "team" and rules.category("team") is None:
        rules = with_teams(rules)
    check(rules)
    return rules


def with_teams(rules: RuleSet) -> RuleSet:
    """The rules with the category `team` that there is without one: whoever the tag `team` names."""
    teams = Category("team", (CategoryRule(inherit=Tag("team")),))
    known = any(folded(name) == "team" for one in rules.tags for name in (one.key, *one.aliases))
    tags = rules.tags if known else (*rules.tags, TagRule("team"))
    return RuleSet(rules.basis, rules.owner, tags, rules.policies, (*rules.categories, teams), rules.shared)


def _tag(value: Any, where: str) -> TagRule:
    one = _mapping(value, where, ("key", "aliases", "active", "lower", "values", "virtual"))
    values = one.get("values", {})
    if not isinstance(values, Mapping):
        raise InvalidInput(f"cannot read {where}.values: got {values!r}; expected what is written: what is meant")
    return TagRule(
        key=_name(one.get("key"), f"{where}.key"),
        aliases=_names(one, "aliases", where),
        active=_flag(one.get("active", True), f"{where}.active"),
        lower=_flag(one.get("lower", True), f"{where}.lower"),
        values={str(text): str(meant) for text, meant in values.items()},
        virtual=tuple(
            _virtual(inner, f"{where}.virtual[{at}]") for at, inner in enumerate(_list(one, "virtual", where))
        ),
    )


def _virtual(value: Any, where: str) -> VirtualTag:
    one = _mapping(value, where, ("value", "when"))
    return VirtualTag(_name(one.get("value"), f"{where}.value"), read_condition(one.get("when"), f"{where}.when"))


def _policy(value: Any, where: str) -> TagPolicy:
    one = _mapping(value, where, ("key", "allowed", "pattern", "where"))
    pattern = one.get("pattern", "")
    try:
        re.compile(pattern)
    except (re.error, TypeError) as problem:
        raise InvalidInput(f"cannot read {where}.pattern: {problem}", field=where) from None
    condition = read_condition(one["where"], f"{where}.where") if "where" in one else None
    return TagPolicy(_name(one.get("key"), f"{where}.key"), _names(one, "allowed", where), pattern, condition)


def _category(value: Any, where: str) -> Category:
    one = _mapping(value, where, ("name", "default", "rules", "splits", "since"))
    since = one.get("since")
    return Category(
        name=_name(one.get("name"), f"{where}.name"),
        rules=tuple(_rule(inner, f"{where}.rules[{at}]") for at, inner in enumerate(_list(one, "rules", where))),
        default=_text(one.get("default", UNOWNED), f"{where}.default"),
        splits=tuple(_split(inner, f"{where}.splits[{at}]") for at, inner in enumerate(_list(one, "splits", where))),
        since=0 if since is None else read_month(str(since)),
    )


def _rule(value: Any, where: str) -> CategoryRule:
    one = _mapping(value, where, ("value", "when", "inherit"))
    if ("value" in one) == ("inherit" in one):
        raise InvalidInput(f"cannot read {where}: expected either value or inherit", field=where)
    when = read_condition(one["when"], f"{where}.when") if "when" in one else None
    if "value" in one:
        if when is None:
            raise InvalidInput(f"cannot read {where}: a value needs the condition `when`", field=where)
        return CategoryRule(_name(one["value"], f"{where}.value"), when)
    return CategoryRule(when=when, inherit=read_facet(one["inherit"], f"{where}.inherit"))


def _split(value: Any, where: str) -> Split:
    one = _mapping(value, where, ("source", "targets", "method", "shares", "metric"))
    shares = one.get("shares", {})
    if not isinstance(shares, Mapping):
        raise InvalidInput(f"cannot read {where}.shares: got {shares!r}; expected target: percent", field=where)
    targets = one.get("targets", list(shares) or [OTHERS])
    listed = targets if isinstance(targets, list) else [targets]
    return Split(
        source=_text(one.get("source"), f"{where}.source"),
        targets=tuple(_name(inner, f"{where}.targets") for inner in listed),
        method=_choice(one.get("method", "fixed" if shares else "proportional"), SplitMethod, f"{where}.method"),
        shares={str(name): _percent(percent, f"{where}.shares.{name}") for name, percent in shares.items()},
        metric=_text(one.get("metric", ""), f"{where}.metric"),
    )


def _shared(value: Any, where: str) -> SharedMachines:
    one = _mapping(value, where, ("name", "when", "charge", "free"))
    return SharedMachines(
        name=_name(one.get("name"), f"{where}.name"),
        when=read_condition(one.get("when"), f"{where}.when"),
        policy=_choice(one.get("charge", "allocated"), SharePolicy, f"{where}.charge"),
        free=_choice(one.get("free", "default"), FreePolicy, f"{where}.free"),
    )


def _percent(value: Any, where: str) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise InvalidInput(f"cannot read {where}: got {value!r}; expected a percentage", field=where)
    return found


def _mapping(value: Any, where: str, known: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"cannot read {where}: got {_short(value)}; expected a mapping", field=where)
    for key in value:
        if key not in known:
            raise InvalidInput(
                f"cannot read {where}: got {_short(key)}; expected {', '.join(known)}", field=f"{where}.{key}"
            )
    return value


def _list(one: Mapping[str, Any], key: str, where: str = "") -> list[Any]:
    value = one.get(key) or []
    if not isinstance(value, list):
        raise InvalidInput(f"cannot read {where + '.' if where else ''}{key}: got {_short(value)}; expected a list")
    return value


def _names(one: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    return tuple(_name(inner, f"{where}.{key}[{at}]") for at, inner in enumerate(_list(one, key, where)))


def _name(value: Any, where: str) -> str:
    text = _text(value, where)
    if not _NAME.fullmatch(text):
        raise InvalidInput(f"cannot read {where}: got {_short(value)}; expected 1 to 128 characters", field=where)
    return text


def _text(value: Any, where: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise InvalidInput(f"cannot read {where}: got {_short(value)}; expected a text", field=where)
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"cannot read {where}: got {_short(value)}; expected true or false", field=where)
    return value


def _choice(value: Any, kind: Any, where: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(one.value for one in kind)
        raise InvalidInput(f"cannot read {where}: got {_short(value)}; expected one of {known}", field=where) from None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200]
