"""Series selectors of PromQL, taken apart as far as names must be put into them."""

import re
from collections.abc import Iterable

from msgspec import Struct

from trimtab.base.errors import InvalidInput

_SELECTOR = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(.*)\})?\s*", re.DOTALL)
_SPECIAL = re.compile(r"([.+*?()|\[\]{}^$\\])")
EVERY_SERIES = '{__name__!=""}'


class Selector(Struct, frozen=True):
    """The matchers of a selector, as they stand between its braces."""

    matchers: str

    @property
    def text(self) -> str:
        """The selector in PromQL."""
        return f"{{{self.matchers}}}"

    def of(self, names: Iterable[str]) -> "Selector":
        """The same for series of these metric names only."""
        pattern = "|".join(_SPECIAL.sub(r"\\\1", name) for name in names)
        quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
        return Selector(f'{self.matchers},__name__=~"{quoted}"')


def parse(text: str) -> Selector:
    """`up`, `{job="a"}` or `up{job="a"}`. Raises InvalidInput for anything else; the server judges the matchers."""
    found = _SELECTOR.fullmatch(text)
    name, inside = found.groups() if found else (None, None)
    inside = (inside or "").strip().rstrip(",")
    if not name and not inside:
        raise InvalidInput(f'cannot use selector {text!r}: expected a name or matchers, such as up{{job="node"}}')
    parts = [f'__name__="{name}"'] if name else []
    return Selector(",".join([*parts, *([inside] if inside else [])]))
