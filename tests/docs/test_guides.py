"""Guides begin alike: a picture of the page that they are about, then what to type."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).parents[2]
GUIDES = sorted(one.stem for one in (REPOSITORY / "docs/guide").glob("*.md"))
_MOST_BYTES = 90_000
"""Of a picture: a clone brings all of them."""


@pytest.fixture(scope="module")
def screenshots() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots", REPOSITORY / "scripts/screenshots.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_guide_has_its_page_and_none_is_left_over(screenshots: ModuleType) -> None:
    assert sorted(screenshots.GUIDES) == GUIDES
    assert len(GUIDES) < 40
    pictures = {one.stem for one in (REPOSITORY / "docs/images/guide").iterdir()}
    assert pictures == set(GUIDES)


class Page:
    """A page that has a banner for a while."""

    url = "http://127.0.0.1/hosts"

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.waited_ms = 0

    def query_selector(self, what: str) -> "Page | None":
        assert "[data-loading]" in what
        return self if self.looks else None

    def inner_text(self) -> str:
        return "Still loading: the bill"

    def wait_for_timeout(self, ms: int) -> None:
        self.waited_ms += ms

    def reload(self, timeout: int) -> None:
        self.looks -= 1


def test_no_picture_is_taken_while_something_is_loading(screenshots: ModuleType) -> None:
    page = Page(3)
    screenshots.wait_until_whole(page)
    assert (0, 15_000) == (page.looks, page.waited_ms)
    with pytest.raises(SystemExit, match=r"cannot picture http://127\.0\.0\.1/hosts: it still says 'Still loading"):
        screenshots.wait_until_whole(Page(1000))


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_begins_with_its_picture(name: str) -> None:
    title, empty, picture = (REPOSITORY / f"docs/guide/{name}.md").read_text().splitlines()[:3]
    assert title.startswith("# ")
    assert "" == empty
    assert picture.endswith(f" of the demo company](../images/guide/{name}.webp)")
    assert picture.startswith("![")
    assert (REPOSITORY / f"docs/images/guide/{name}.webp").stat().st_size < _MOST_BYTES
