"""A document as HTML: headings with anchors, links to the other documents, pictures of our own.

The parser writes no HTML that stands in a text, and lets no script into a link.
"""

import posixpath
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import Any

from msgspec import Struct

from trimtab.charts.svg import Svg
from trimtab.guides.documents import Anchors, Document, plain

ROOT = "/docs"
_KEPT = 24
"""Documents whose HTML is kept: rendering a long one takes a fifth of a second, and the text never changes."""


class Shown(Struct, frozen=True):
    """A document's HTML without its title, and its headings of the first order as a list of contents."""

    html: Svg
    contents: tuple[tuple[str, str], ...]


def address(path: str) -> str:
    """The address of a document."""
    return ROOT if path == "index" else f"{ROOT}/{path}"


@lru_cache(maxsize=_KEPT)
def shown(document: Document) -> Shown:
    """The document as HTML."""
    from markdown_it import MarkdownIt  # takes a tenth of a second to load

    parser = MarkdownIt("js-default").enable("table")
    parser.renderer.rules["table_open"] = _table_open  # type: ignore[attr-defined]  # a dict of our renderer
    parser.renderer.rules["table_close"] = _table_close  # type: ignore[attr-defined]  # a dict of our renderer
    tokens = parser.parse(document.source)
    contents = tuple(_anchored(tokens))
    _named(document, tokens)
    for token in tokens:
        token.attrs.pop("style", None)  # the alignment of a column, which the pages' policy does not let through
        _linked(document, token.children or ())
        if token.type == "fence":
            token.attrs["tabindex"] = 0  # it scrolls by keys too
    return Shown(Svg(parser.renderer.render(_untitled(tokens), parser.options, {})), contents)


def _untitled(tokens: list[Any]) -> list[Any]:
    """Without the title, which the page's head has."""
    return tokens[3:] if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1" else tokens


def _anchored(tokens: list[Any]) -> Iterator[tuple[str, str]]:
    """Give headings their anchors, and yield those of the first order below the title."""
    anchors = Anchors()
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            name = plain(inside.content)
            token.attrs["id"] = anchors.of(name)
            if token.tag == "h2":
                yield name, token.attrs["id"]


def _named(document: Document, tokens: list[Any]) -> None:
    """Name tables, which scroll, by where they stand; a head without a word is a cell."""
    under, number = document.title, 0
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            under = plain(tokens[at + 1].content)
        elif token.type == "table_open":
            number += 1
            token.meta["name"] = f"Table {number}, {under}"
        elif token.type == "th_open" and not tokens[at + 1].content:
            token.tag = tokens[at + 2].tag = "td"


def _linked(document: Document, children: Any) -> None:
    """Point links and pictures at what the pages serve. A link to a file that is not among them leads nowhere."""
    for child in children:
        if child.type == "image":
            child.attrs["src"] = f"{ROOT}/{_resolved(document, child.attrs['src'])}"
            child.attrs["loading"] = "lazy"
        elif child.type == "link_open" and ":" not in child.attrs["href"].partition("/")[0]:
            path, hash_, anchor = child.attrs["href"].partition("#")
            resolved = _resolved(document, path) if path else f"{document.path}.md"
            if resolved.startswith(".."):
                del child.attrs["href"]
            else:
                child.attrs["href"] = address(resolved.removesuffix(".md")) + hash_ + anchor


def _resolved(document: Document, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(document.path), path))


def _table_open(tokens: list[Any], at: int, *_: object) -> str:
    name = escape(tokens[at].meta["name"])
    return f'<div class="table-wrap" tabindex="0" role="region" aria-label="{name}"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"
