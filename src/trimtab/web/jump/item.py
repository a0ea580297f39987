"""A line of the Ctrl-K menu, and how well its name fits what was typed."""

from collections.abc import Iterable, Sequence

from msgspec import Struct


class Item(Struct, frozen=True):
    """What was found: its kind in a word, its name, a remark, and the page that it leads to."""

    kind: str
    name: str
    hint: str
    url: str


def matching(items: Iterable[Item], text: str, most: int) -> list[Item]:
    """The items whose name has every word of `text`, those that begin with it first; `most` of them."""
    words = text.casefold().split()
    found = [one for one in items if all(word in one.name.casefold() for word in words)]
    return sorted(found, key=lambda one: closeness(one, text))[:most]


def closeness(item: Item, text: str) -> int:
    """0 where the name is what was typed, 1 where it begins so, 2 where a word of it does, else 3."""
    name, asked = item.name.casefold(), text.casefold().strip()
    if name == asked:
        return 0
    if name.startswith(asked):
        return 1
    return 2 if any(word.startswith(asked) for word in name.replace("/", " ").replace("-", " ").split()) else 3


def best_first(found: Sequence[Item], text: str) -> list[Item]:
    """Items in the order of their kinds, but what is named exactly so before all; each page once."""
    ordered = sorted(found, key=lambda one: closeness(one, text) > 0) if text else found
    seen: dict[str, Item] = {}
    for one in ordered:
        seen.setdefault(one.url, one)
    return list(seen.values())
