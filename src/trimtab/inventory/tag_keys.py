"""Which keys of tags are one key, and what a set of tags has of it. Pure; `costs/tag_keys.py` says the same in SQL.

Keys that differ in case or in spaces around them only are one (`Team`, ` TEAM`), and so are the aliases that allocation
rules name. Of tags that carry several the first counts that says something: the key itself, its aliases in order, then
other spellings by alphabet. Values that differ in white space only are one; their case stays unless rules say
otherwise.

A key that is `exact` is that spelling alone with the value as it is written: what AWS's own API means by a key.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

_BLANKS = re.compile("[ \t\n\r\f\v\u00a0]+")


class TagKey(Struct, frozen=True):
    """A key of tags as one means it.

    `exact`: that spelling of the key alone, as AWS's API means it. `aliases`, `lower` (values in lower case) and
    `values` (as written, as meant) come from the rule that names it (`ruled`).
    """

    key: str
    exact: bool = False
    ruled: bool = False
    aliases: tuple[str, ...] = ()
    lower: bool = False
    values: tuple[tuple[str, str], ...] = ()


def folded(key: str) -> str:
    """What two spellings of one key have in common."""
    return key.strip(" ").lower()


def names_of(tag: TagKey) -> tuple[str, ...]:
    """The keys that count as this one, in order. One that no rule names has no spelling that comes first."""
    return (tag.key, *tag.aliases) if tag.ruled else (folded(tag.key),)


def spaced(value: str) -> str:
    """A value without the white space around it, and one space where it has several."""
    return _BLANKS.sub(" ", value).strip(" ")


def spelling_of(tag: TagKey, pairs: Mapping[str, str]) -> str:
    """The key of `pairs`, as it is spelt there, that says the value of `tag`; "" where none does."""
    if tag.exact:
        return tag.key if pairs.get(tag.key) else ""
    if not pairs:
        return ""
    names = names_of(tag)
    for name in names:
        if name in pairs and spaced(pairs[name]):
            return name
    ranks = {folded(name): at for at, name in reversed(list(enumerate(names)))}
    others = sorted((ranks[folded(key)], key) for key in pairs if folded(key) in ranks)
    return next((key for _, key in others if spaced(pairs[key])), "")


def value_of(tag: TagKey, pairs: Mapping[str, str]) -> str:
    """What a set of tags has of `tag`; "" where nothing."""
    key = spelling_of(tag, pairs)
    return meant(tag, pairs[key]) if key else ""


def meant(tag: TagKey, value: str) -> str:
    """A value as it is written, in the form that the tag gives it."""
    if tag.exact:
        return value
    value = spaced(value)
    plain = value.lower()
    known = next((to for text, to in tag.values if spaced(text).lower() == plain), None)
    if known is not None:
        return known
    return plain if tag.lower else value
