"""Markdown of users to HTML that is safe to show: no raw HTML, no script, no picture from elsewhere.

Two nets: markdown-it writes no HTML of the text's own and no `javascript:` link; what it made is then sanitised by nh3
(ammonia) against a list of tags. CloudWatch's buttons, `[button:primary:Text](url)`, are links with a class.
"""

import re
from functools import cache, lru_cache
from typing import Any

import nh3

from trimtab.charts.svg import Svg

_TAGS = {
    "h3", "h4", "h5", "h6", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title", "class"}, "ol": {"start"}, "code": {"class"}}
_SCHEMES = {"http", "https", "mailto"}
_BUTTON = re.compile(r'<a href="([^"]*)">button:(?:(primary):)?([^<]*)</a>')


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt  # takes a tenth of a second to load, and few pages have such text

    return MarkdownIt("js-default").enable("table").disable("image")


@lru_cache(maxsize=512)
def markdown(text: str) -> Svg:
    """`text` as HTML that templates print as it is, because it was sanitised."""
    made = _BUTTON.sub(_button, _parser().render(text))
    # A page has one h1, its own: those of the text go down by one.
    made = re.sub(r"(</?h)([1-5])>", lambda match: f"{match[1]}{int(match[2]) + 2 if match[2] < '5' else 6}>", made)
    clean = nh3.clean(
        made,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    return Svg(clean)


def _button(match: re.Match[str]) -> str:
    kind = "button primary" if match[2] else "button"
    return f'<a href="{match[1]}" class="{kind}">{match[3]}</a>'
