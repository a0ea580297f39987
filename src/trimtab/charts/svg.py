"""The one SVG writer: every chart is built of `element`, which escapes names, values and text."""

from html import escape

Number = int | float
Attributes = dict[str, str | Number | None]
"""Names and values of an element's attributes; None leaves one out."""


class Svg(str):
    """Finished SVG text. Templates print it as it is (`__html__`), because `element` escaped whatever went in."""

    __slots__ = ()

    def __html__(self) -> str:
        """The text itself: it is markup already."""
        return str(self)


def element(tag: str, attributes: Attributes, *children: "str | Svg") -> Svg:
    """`<tag …>children</tag>`; attributes that are None are left out, plain-text children are escaped.

    Names of attributes are written with `_` for `-` nowhere: give them as SVG has them. `tag` and attribute names are
    the program's own, never data.
    """
    written = "".join(f' {name}="{_value(value)}"' for name, value in attributes.items() if value is not None)
    inner = "".join(child if isinstance(child, Svg) else escape(child) for child in children)
    return Svg(f"<{tag}{written}>{inner}</{tag}>" if inner else f"<{tag}{written}/>")


def number(value: Number) -> str:
    """A coordinate with at most two decimals: finer than a pixel, and short on the wire."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _value(value: str | Number) -> str:
    return escape(value, quote=True) if isinstance(value, str) else number(value)


def text_at(text: str, x: float, y: float, fill: str, anchor: str) -> Svg:
    """A text whose start, middle or end (`anchor`) is at a point."""
    return element("text", {"x": x, "y": y, "fill": fill, "text-anchor": anchor}, text)
