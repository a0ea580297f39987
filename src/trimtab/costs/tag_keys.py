"""Tag keys of bills: filters with tags as rules mean them, and the SQL that answers as `inventory/tag_keys.py`."""

from collections.abc import Callable, Iterable

from trimtab.base.records import replace
from trimtab.costs.model import And, Filter, Match, Not, Or, Tag, Where
from trimtab.inventory.tag_keys import folded, meant, names_of, spaced

_BLANKS_SQL = r"'[ \\t\\n\\r\\f\\v\\x{00A0}]+'"
Bind = Callable[[object, str], str]
"""Binds a value of a type and gives the placeholder."""


def value_sql(tag: Tag, pairs: str, bind: Bind) -> str:
    """The SQL of `value_of` over a column of pairs."""
    if tag.exact:
        return f"{pairs}[{bind(tag.key, 'String')}]"
    names = names_of(tag)
    exact = bind(list(names), "Array(String)")
    folds = bind([folded(name) for name in names], "Array(String)")
    rank = f"if(has({exact}, k), indexOf({exact}, k), {len(names)} + indexOf({folds}, lowerUTF8(trimBoth(k))))"
    entries = f"arrayMap((k, v) -> ({rank}, k, {_spaced_sql('v')}), {_texts('mapKeys', pairs)}, mapValues({pairs}))"
    known = f"arrayFilter(e -> has({folds}, lowerUTF8(trimBoth(e.2))) AND e.3 != '', {entries})"
    return _meant_sql(tag, f"(arraySort({known})[1]).3", bind)


def mapped(where: Filter, change: Callable[[Tag], Tag]) -> Filter:
    """A filter with other tags in it; values that must be equal are written as the new tags write theirs."""
    match where:
        case And(parts):
            return And(tuple(mapped(part, change) for part in parts))
        case Or(parts):
            return Or(tuple(mapped(part, change) for part in parts))
        case Not(part):
            return Not(mapped(part, change))
        case Where(facet=Tag() as tag):
            return with_meant(replace(where, facet=change(tag)))
        case _:
            return where


def with_meant(where: Where) -> Where:
    """A test with the values that must be equal in the form that its tag gives them."""
    tag = where.facet
    if not isinstance(tag, Tag) or tag.exact or where.match is not Match.EQUALS:
        return where
    return replace(where, values=tuple(dict.fromkeys(meant(tag, value) for value in where.values)))


def loose(where: Filter | None) -> Filter | None:
    """A filter whose exact keys are any spelling of them: of whoever means a team rather than a key."""
    return None if where is None else mapped(where, lambda tag: replace(tag, exact=False))


def merged(keys: Iterable[str]) -> list[str]:
    """Each key once, sorted: in lower case where that spelling is there, else the first by alphabet."""
    found: dict[str, str] = {}
    for key in sorted(keys):
        if key == folded(key) or folded(key) not in found:
            found[folded(key)] = key
    return sorted(found.values())


def _texts(function: str, pairs: str) -> str:
    return f"arrayMap(name -> toString(name), {function}({pairs}))"  # keys are LowCardinality


def _spaced_sql(value: str) -> str:
    return f"trimBoth(replaceRegexpAll({value}, {_BLANKS_SQL}, ' '))"


def _meant_sql(tag: Tag, value: str, bind: Bind) -> str:
    plain = f"lowerUTF8({value})" if tag.lower else value
    if not tag.values:
        return plain
    known: dict[str, str] = {}
    for text, to in tag.values:
        known.setdefault(spaced(text).lower(), to)
    texts, meanings = bind(list(known), "Array(String)"), bind(list(known.values()), "Array(String)")
    return f"if({value} = '', '', transform(lowerUTF8({value}), {texts}, {meanings}, {plain}))"
