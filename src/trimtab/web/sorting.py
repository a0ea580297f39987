"""Sorting and paging of tables by the URL: every order and page is a link."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.web.view import View

PAGE_ROWS = 200
"""UI.md: paginate at 200 rows."""
Row = TypeVar("Row")


class Sort(Struct, frozen=True):
    """`key` is a field of the rows; numbers go down first (the worst on top), texts up."""

    key: str
    down: bool
    text: frozenset[str]

    def next_direction(self, key: str) -> str:
        """The direction that a click on column `key` asks for."""
        if key == self.key:
            return "asc" if self.down else "desc"
        return "asc" if key in self.text else "desc"

    def apply(self, rows: Sequence[Row], name: str = "name") -> list[Row]:
        """Sorted; what is not known comes last either way; equal ones by `name`."""
        by_name = sorted(rows, key=lambda row: str(getattr(row, name)))
        known = [row for row in by_name if getattr(row, self.key) is not None]
        unknown = [row for row in by_name if getattr(row, self.key) is None]
        return sorted(known, key=lambda row: getattr(row, self.key), reverse=self.down) + unknown


def read_sort(view: View, what: str, keys: frozenset[str], text: frozenset[str], default: str) -> Sort:
    """The order that the URL asks for, `default` where it does not say. Raises InvalidInput."""
    key = view.get("sort", default)
    if key not in keys:
        raise InvalidInput(f"cannot sort {what}: got {key!r}; expected one of {', '.join(sorted(keys))}", field="sort")
    direction = view.get("dir", "asc" if key in text else "desc")
    return Sort(key, direction != "asc", text)


class Page(Struct, frozen=True):
    """The rows of one page: `number` of `pages`, out of `total` rows."""

    start: int
    number: int
    pages: int
    total: int

    @property
    def end(self) -> int:
        """The row after the last."""
        return self.start + PAGE_ROWS


def read_page(view: View, total: int) -> Page:
    """The page that the URL asks for; the nearest that exists where it asks for none."""
    pages = max(-(-total // PAGE_ROWS), 1)
    asked = view.get("page")
    number = min(max(int(asked) if asked.isdecimal() else 1, 1), pages)
    return Page((number - 1) * PAGE_ROWS, number, pages, total)
