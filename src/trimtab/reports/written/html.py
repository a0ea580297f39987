"""A report as one HTML file that needs nothing else: to mail, to keep, or to show on a page."""

import base64
from collections.abc import Callable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from trimtab.charts.png import to_png
from trimtab.charts.svg import Svg, element
from trimtab.reports.written.document import Bars, Document
from trimtab.reports.written.pictures import WIDTH, drawn, on_page
from trimtab.reports.written.wording import moment, span


def as_html(document: Document, public_url: str = "") -> str:
    """The file; links to evidence lead to pages of `public_url`."""
    return _template("report.html").render(**_context(document, public_url.rstrip("/"), _mailed))


def as_fragment(document: Document) -> str:
    """The body of the report for a page of ours, whose styles and theme it takes; markup, escaped where it must be."""
    return _template("body.html").render(**_context(document, "", on_page))


def _context(document: Document, base: str, picture: Callable[[Bars], Svg]) -> dict[str, object]:
    return {
        "report": document,
        "span": span(document.start_ms, document.end_ms),
        "made": moment(document.made_ms),
        "moment": moment,
        "base": base,
        "picture": picture,
    }


def _mailed(bars: Bars) -> Svg:
    """A PNG: mail programs show no SVG."""
    data = base64.b64encode(to_png(drawn(bars))).decode()
    return element("img", {"alt": bars.title, "width": WIDTH, "src": f"data:image/png;base64,{data}"})


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("trimtab.reports.written", "markup"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
